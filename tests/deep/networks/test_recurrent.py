"""Recurrent networks: sequences in, whatever cells and directions."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from pipeline.deep.building import build
from pipeline.deep.inputs import InputLayout
from pipeline.deep.networks.sequence_input import by_channel
from pipeline.errors import UserError
from tests.deep.recipes import recipe

STEPS, CHANNELS = 12, 2
LAYOUT = InputLayout(tuple(range(STEPS * CHANNELS)), (), ())


def _sequences(rows: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, STEPS, CHANNELS))
    return found.reshape(rows, -1).astype(np.float32)


def _net(layout: InputLayout = LAYOUT, outputs: int = 2, **params: Any) -> Any:
    mx.random.seed(1)
    given = {
        "network": "recurrent",
        "hidden": [12],
        "sequence_channels": CHANNELS,
        "dropout": 0.0,
        **params,
    }
    count = len(layout.numeric)
    standard = (np.zeros(count, np.float32), np.ones(count, np.float32))
    return build(recipe(**given), layout, standard, outputs, mx.cpu())


def _accuracy(net: Any, rows: np.ndarray, labels: np.ndarray, steps: int = 150) -> float:
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    train, test = slice(0, len(rows) // 2), slice(len(rows) // 2, None)
    for _ in range(steps):
        with autograd.record():
            value = loss(net(mx.nd.array(rows[train])), mx.nd.array(labels[train]))
        value.backward()
        trainer.step(len(rows) // 2)
    return float((net(mx.nd.array(rows[test])).asnumpy().argmax(axis=1) == labels[test]).mean())


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_what_came_steps_ago_is_remembered(cell: str) -> None:
    rows = _sequences(3_000)
    steps = rows.reshape(-1, STEPS, CHANNELS)
    labels = (steps[:, -4, 0] > 0).astype(np.float32)
    assert _accuracy(_net(cell=cell), rows, labels) > 0.85


def test_the_other_direction_sees_the_beginning_last() -> None:
    net = _net(bidirectional=True, hidden=[6, 8])
    assert net.output.weight.shape[1] in (0, 16)
    rows = _sequences(3)
    before = net(mx.nd.array(rows)).asnumpy()
    assert net.output.weight.shape[1] == 16
    # The backward half of the last layer's state belongs to the first step.
    states: list[Any] = []
    net.dropout.register_forward_hook(lambda _block, given, _found: states.append(given[0]))
    net.hybridize(False)
    net(mx.nd.array(rows))
    layers = net.body(mx.nd.swapaxes(net.sequence(mx.nd.array(rows)), 0, 1)).asnumpy()
    assert np.allclose(states[0].asnumpy()[:, :8], layers[-1, :, :8], atol=1e-6)
    assert np.allclose(states[0].asnumpy()[:, 8:], layers[0, :, 8:], atol=1e-6)
    assert np.allclose(net(mx.nd.array(rows)).asnumpy(), before, atol=1e-5)


def test_missing_steps_are_known_to_be_missing() -> None:
    net = _net()
    rows = _sequences(2)
    padded, zeros = rows.copy(), rows.copy()
    padded[:, : 4 * CHANNELS] = np.nan
    zeros[:, : 4 * CHANNELS] = 0
    found = [net(mx.nd.array(each)).asnumpy() for each in (rows, padded, zeros)]
    assert np.isfinite(found[1]).all()
    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[1], found[2])


def test_channels_are_standardised_as_wholes() -> None:
    values = np.random.default_rng(0).normal([3.0, -50.0], [2.0, 10.0], (5_000, STEPS, 2))
    values += np.linspace(-1, 1, STEPS)[:, None]  # a trend is no reason to differ by step
    flat = values.reshape(5_000, -1)
    means, scales = by_channel(flat.mean(axis=0), 1 / flat.std(axis=0), 2)
    assert means == pytest.approx(values.mean(axis=(0, 1)), rel=1e-4)
    assert 1 / scales == pytest.approx(values.std(axis=(0, 1)), rel=1e-3)
    constant = by_channel(np.array([5, 1, 5, 1]), np.array([0, 0, 0, 0]), 2)
    assert constant[1].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("layout", "found"),
    [
        (InputLayout((0, 1, 2), (), ()), "3 numbers and 0 categories"),
        (InputLayout((0, 1), (2,), (3,)), "2 numbers and 1 categories"),
    ],
)
def test_columns_that_are_no_sequence_are_refused(layout: InputLayout, found: str) -> None:
    with pytest.raises(UserError, match=f"2 for each step .*; the features are {found}"):
        _net(layout)


def test_a_recurrent_network_is_tanh_unless_it_is_told_otherwise() -> None:
    assert recipe(network="recurrent").activation == "tanh"
    assert recipe(network="recurrent", activation="relu").activation == "relu"
    assert recipe(network="mlp").activation == "relu"
    with pytest.raises(UserError, match="cell rnn has activation tanh or relu, not gelu"):
        recipe(network="recurrent", cell="rnn", activation="gelu")
