"""The network's forward pass."""

from __future__ import annotations

import mxnet as mx
import numpy as np

from pipeline.deep.inputs import InputLayout
from pipeline.deep.networks.mlp import Mlp
from tests.deep.recipes import recipe


def _net(numeric: int, sizes: tuple[int, ...], scale: list[float]) -> Mlp:
    mx.random.seed(0)
    places = range(numeric + len(sizes))
    layout = InputLayout(tuple(places[:numeric]), tuple(places[numeric:]), sizes)
    mean = np.arange(1, numeric + 1, dtype=np.float32)
    net = Mlp(layout, mean, np.array(scale, np.float32), recipe(hidden=[5], dropout=0.5), 3)
    net.initialize(mx.init.Xavier())
    net.hybridize(static_alloc=True)
    return net


def test_a_missing_number_is_the_mean_but_known_to_be_missing() -> None:
    net = _net(2, (), [1.0, 0.0])
    rows = [[1, 7], [np.nan, 7], [np.nan, np.nan], [1, -1e30]]
    scores = net(mx.nd.array(rows)).asnumpy()
    assert scores.shape == (4, 3)
    assert np.isfinite(scores).all()
    assert not np.allclose(scores[0], scores[1])
    assert not np.allclose(scores[1], scores[2])
    assert np.allclose(scores[0], scores[3])  # a column without deviation says nothing


def test_categories_only() -> None:
    net = _net(0, (2, 4), [])
    codes = mx.nd.array([[0, 0], [2, 4], [0, 0], [1, 0]])
    scores = net(codes).asnumpy()
    assert np.isfinite(scores).all()
    assert (scores[0] == scores[2]).all()
    assert not np.allclose(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[3])


def test_numbers_and_categories() -> None:
    net = _net(1, (2,), [1.0])
    numbers, codes = mx.nd.array([[1], [1], [3]]), mx.nd.array([[0], [2], [0]])
    scores = net(numbers, codes).asnumpy()
    assert not np.allclose(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])
