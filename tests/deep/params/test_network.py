"""Params of networks: what is refused before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deep import DeepClassifier, DeepRegressor
from pipeline.deep.choices import (
    ACTIVATIONS,
    BACKBONES,
    CELLS,
    NETWORKS,
    NORMALISATIONS,
    OPTIMISERS,
    SCHEDULES,
)
from pipeline.deep.params import NetworkParams
from pipeline.errors import UserError


def _check(**params: Any) -> NetworkParams:
    found = NetworkParams().setParams(**params)
    found.require_valid()
    return found


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"network": "mpl"},
            "network must be one of mlp, residual, .*, or an import path, not 'mpl'",
        ),
        (
            {"network": "nowhere.to.Net"},
            "network nowhere.to.Net: there is no module nowhere.to; it must be installed on the "
            "driver and on every node",
        ),
        ({"activation": "rely"}, "activation must be one of auto, relu, .*, not 'rely'"),
        ({"optimiser": "adagrad"}, "optimiser must be one of adam, adamw, sgd, lamb, not"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1, not 1.0"),
        ({"l1": -1.0}, "l1 must be 0 or more, not -1.0"),
        ({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and below 1"),
        ({"batch_size": 8, "batch_size_per_worker": 4}, "batch_size_per_worker: set one of them"),
        ({"learning_rate_schedule": "cosin"}, "kind must be one of constant, .*, not cosin"),
        (
            {"learning_rate_schedule": {"kind": "step", "each": 2}},
            "learning_rate_schedule: step has every, factor, not each",
        ),
        (
            {"learning_rate_schedule": {"kind": "constant", "least": 2}},
            "learning_rate_schedule: constant has no keys, not least",
        ),
        (
            {"learning_rate_schedule": {"kind": "step", "every": "two"}},
            "learning_rate_schedule: every must be a number, not 'two'",
        ),
        (
            {"learning_rate_schedule": {"kind": "cosine", "least": 2}},
            "learning_rate_schedule: least must be from 0 to 1, not 2",
        ),
        (
            {"learning_rate_schedule": "one-cycle", "warmup_epochs": 1.0},
            "warmup_epochs: a one-cycle schedule warms up by itself",
        ),
    ],
)
def test_what_is_refused_is_said(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        _check(**params)


def test_a_schedule_that_is_neither_name_nor_map_is_refused_where_it_is_set() -> None:
    with pytest.raises(UserError, match=r"learning_rate_schedule.* a schedule is a kind"):
        _check(learning_rate_schedule=[0.1, 0.2])


def test_keys_of_a_schedule_that_are_left_out_have_defaults() -> None:
    recipe = _check(learning_rate_schedule={"kind": "step", "factor": 0.5}).recipe()
    assert recipe.learning_rate_schedule == {"kind": "step", "every": 10, "factor": 0.5}


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(UserError) as caught:
        _check(network="mpl", learning_rate_schedule="cosin")
    assert "network must be" in str(caught.value)
    assert "learning_rate_schedule: kind" in str(caught.value)


def test_the_help_says_when_to_use_which() -> None:
    text = DeepClassifier().explainParams()
    for choices in (NETWORKS, ACTIVATIONS, CELLS, BACKBONES, NORMALISATIONS, OPTIMISERS):
        for name, reason in choices.items():
            assert f"{name} ({reason})" in text
    for kind in SCHEDULES:
        assert kind in DeepClassifier().explainParam("learning_rate_schedule")


def test_only_metrics_that_are_measured_can_be_monitored() -> None:
    DeepClassifier(monitor="auc").require_valid()
    with pytest.raises(UserError, match="monitor must be one of mse, mae, not 'auc'"):
        DeepRegressor(monitor="auc").require_valid()


def test_numbers_cannot_be_smoothed() -> None:
    with pytest.raises(UserError, match="DeepRegressor: label_smoothing is for classes"):
        DeepRegressor(label_smoothing=0.1).require_valid()
