"""Gradients by backpropagation are those of differences; a wrong one is found."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deep.choices import ACTIVATIONS
from pipeline.deep.gradcheck import check
from tests.deep.recipes import recipe

NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [6, 4]},
    "layer norm": {"hidden": [6], "normalisation": "layer", "label_smoothing": 0.2},
    "residual": {"network": "residual", "hidden": [6, 5]},
    "groups": {"network": "hierarchical", "hidden": [4], "groups": [["age", "sex"], [3]]},
    "segments": {"network": "hierarchical", "hidden": [4], "segments": 3},
    "lstm": {"network": "recurrent", "hidden": [4, 3], "bidirectional": True},
    "gru": {"network": "recurrent", "hidden": [4], "cell": "gru", "sequence_channels": 2},
    "rnn": {"network": "recurrent", "hidden": [4], "cell": "rnn"},
    **{name: {"hidden": [5], "activation": name} for name in ACTIVATIONS if name != "auto"},
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("classes", [0, 3])
def test_gradients_are_right(name: str, classes: int) -> None:
    found = check(recipe(**NETWORKS[name]), classes, entries=6)
    assert [each.name for each in found if not each.is_right] == []
    assert max(abs(each.numeric) for each in found) > 1e-3  # the loss does depend on them
    assert all(1 <= each.entries <= 6 for each in found)


@pytest.mark.slow
def test_gradients_of_a_convolutional_network_are_right() -> None:
    found = check(recipe(network="convolutional", image_shape=[8, 8, 1]), 3, entries=1)
    assert [each.name for each in found if not each.is_right] == []


def test_a_wrong_gradient_is_found() -> None:
    found = check(recipe(network="tests.deep.own_networks.WrongGradient", hidden=[4]), 2)
    wrong = {each.name: each for each in found if not each.is_right}
    assert {"dense0_weight", "dense1_weight", "dense1_bias"} <= set(wrong)
    worst = wrong["dense1_bias"]
    assert worst.numeric == pytest.approx(3 * worst.backpropagated, rel=1e-4)


def test_the_seed_draws_rows_and_weights() -> None:
    made = recipe(hidden=[4])
    assert check(made, 2, seed=1) == check(made, 2, seed=1)
    assert check(made, 2, seed=1) != check(made, 2, seed=2)
