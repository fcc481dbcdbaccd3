"""Hidden layers: what each part does."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from mxnet.gluon import nn

from pipeline.deep.layers.dense import hidden_layer
from tests.deep.recipes import recipe


def _layer(units: int, inputs: np.ndarray, **params: Any) -> Any:
    mx.random.seed(1)
    found = nn.HybridSequential()
    found.add(*hidden_layer(units, recipe(**params)))
    found.initialize(mx.init.Xavier())
    found.hybridize()
    found(mx.nd.array(inputs))
    return found


def _inputs(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)


def test_units_are_left_out_in_training_and_never_in_scoring() -> None:
    inputs = _inputs(200, 4)
    layer = _layer(50, inputs, dropout=0.4, normalisation="none", activation="elu")
    scored = layer(mx.nd.array(inputs)).asnumpy()
    assert (scored != 0).all()
    assert (layer(mx.nd.array(inputs)).asnumpy() == scored).all()
    with autograd.record():
        trained = layer(mx.nd.array(inputs)).asnumpy()
    left = trained != 0
    assert left.mean() == pytest.approx(0.6, abs=0.02)
    assert np.allclose(trained[left], scored[left] / 0.6, rtol=1e-5)


def test_batch_norm_makes_every_unit_alike_over_the_rows() -> None:
    inputs = 7 + 3 * _inputs(500, 4)
    layer = _layer(8, inputs, dropout=0.0, activation="tanh")
    with autograd.record():
        normal = layer[:2](mx.nd.array(inputs)).asnumpy()
    assert normal.mean(axis=0) == pytest.approx(np.zeros(8), abs=1e-3)
    assert normal.std(axis=0) == pytest.approx(np.ones(8), abs=1e-2)


def test_layer_norm_makes_every_row_alike_over_the_units() -> None:
    inputs = 7 + 3 * _inputs(5, 4)
    layer = _layer(64, inputs, dropout=0.0, normalisation="layer")
    normal = layer[:2](mx.nd.array(inputs)).asnumpy()
    assert normal.mean(axis=1) == pytest.approx(np.zeros(5), abs=1e-3)
    assert normal.std(axis=1) == pytest.approx(np.ones(5), abs=1e-2)


def test_selu_keeps_mean_and_variance_through_many_layers() -> None:
    inputs = _inputs(400, 200)
    net = nn.HybridSequential()
    for _ in range(20):
        net.add(*hidden_layer(200, recipe(activation="selu", normalisation="none", dropout=0.0)))
    mx.random.seed(3)
    net.initialize(mx.init.Xavier())
    found = net(mx.nd.array(inputs)).asnumpy()
    assert abs(found.mean()) < 0.2
    assert found.std() == pytest.approx(1.0, abs=0.25)


def test_maxout_has_two_pieces_for_each_unit() -> None:
    layer = _layer(8, _inputs(3, 4), activation="maxout", dropout=0.0)
    assert layer[0].weight.shape == (16, 4)
    assert layer(mx.nd.array(_inputs(3, 4))).shape == (3, 8)
