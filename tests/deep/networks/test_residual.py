"""Residual networks train where plain ones of the same depth do not."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from pipeline.deep.building import build
from pipeline.deep.inputs import InputLayout
from tests.deep.recipes import recipe

LAYOUT = InputLayout(numeric=(0, 1), categorical=(), sizes=())
STANDARD = (np.zeros(2, np.float32), np.ones(2, np.float32))


def _losses(network: str, layers: int, steps: int = 60) -> list[float]:
    """Of a network without normalisation on rows whose class is the sign of a product."""
    mx.random.seed(2)
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, size=(256, 2)).astype(np.float32)
    labels = (rows[:, 0] * rows[:, 1] > 0).astype(np.float32)
    given: dict[str, Any] = {"normalisation": "none", "dropout": 0.0, "activation": "relu"}
    net = build(
        recipe(network=network, hidden=[16] * layers, **given), LAYOUT, STANDARD, 2, mx.cpu()
    )
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.003})
    found = []
    for _ in range(steps):
        with autograd.record():
            value = loss(net(mx.nd.array(rows)), mx.nd.array(labels))
        value.backward()
        trainer.step(len(rows))
        found.append(float(value.mean().asscalar()))
    return found


def test_fifty_plain_layers_do_not_train_and_residual_ones_do() -> None:
    plain, residual = _losses("mlp", 50), _losses("residual", 25)
    assert plain[-1] == pytest.approx(np.log(2), abs=0.02)  # as good as a coin
    assert residual[-1] < 0.3


def test_a_block_that_changes_nothing_passes_its_input_on() -> None:
    net = build(
        recipe(network="residual", hidden=[4, 8], dropout=0.0), LAYOUT, STANDARD, 3, mx.cpu()
    )
    rows = mx.nd.array([[0.3, -2.0], [np.nan, 1.0]])
    assert net(rows).shape == (2, 3)
    block = net.body[1]
    last = block.change[-2]
    last.weight.set_data(mx.nd.zeros((4, 8)))
    given = mx.nd.array([[1.0, -2.0, 3.0, 0.5]])
    assert (block(given) == given).asnumpy().all()
