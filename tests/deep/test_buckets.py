"""Parameters in one array: theirs are parts of it."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from mxnet.gluon import nn

from pipeline.deep.buckets import Bucket, buckets


def _net() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=2), nn.Dense(1, in_units=3))
    net.initialize(mx.init.Xavier())
    net.hybridize(static_alloc=True)
    return net


def _gradients(net: nn.HybridSequential) -> list[np.ndarray]:
    with autograd.record():
        loss = (net(mx.nd.array([[1, 2], [3, -4]])) ** 2).sum()
    loss.backward()
    return [each.grad().asnumpy() for each in net.collect_params().values()]


def test_a_network_computes_with_what_lies_in_the_bucket() -> None:
    net = _net()
    parameters = list(net.collect_params().values())
    before = [each.data().asnumpy() for each in parameters]
    gradients = _gradients(net)
    bucket = Bucket(parameters)
    assert (bucket.values.asnumpy() == np.concatenate([each.ravel() for each in before])).all()
    for own, expected in zip(_gradients(net), gradients, strict=True):
        assert (own == expected).all()
    assert (bucket.gradients.asnumpy() == np.concatenate([g.ravel() for g in gradients])).all()
    bucket.values[:] = 0
    assert (net(mx.nd.ones((1, 2))).asnumpy() == 0).all()
    parameters[0].set_data(mx.nd.ones((3, 2)))
    assert (bucket.values[0, :6].asnumpy() == 1).all()


def test_parameters_move_from_one_bucket_to_the_next() -> None:
    net = _net()
    parameters = list(net.collect_params().values())
    before = [each.data().asnumpy() for each in parameters]
    old = Bucket(parameters[:2])
    Bucket(parameters).values[:] *= 2
    assert (old.values.asnumpy()[0, :6] == before[0].ravel()).all()
    for each, expected in zip(parameters, before, strict=True):
        assert (each.data().asnumpy() == 2 * expected).all()


def test_neighbours_share_a_bucket_until_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    net = _net()
    parameters = list(net.collect_params().values())
    sizes = [each.data().size for each in parameters]
    assert sizes == [6, 3, 3, 1]
    assert [len(each.parameters) for each in buckets(parameters)] == [4]
    monkeypatch.setattr("pipeline.deep.buckets.MOST_VALUES", 9)
    assert [len(each.parameters) for each in buckets(parameters)] == [2, 2]
    parameters[1].lr_mult = 0.5
    found = [len(each.parameters) for each in buckets(parameters, lambda each: each.lr_mult)]
    assert found == [1, 1, 2]
    parameters[2].cast("float64")
    assert [len(each.parameters) for each in buckets(parameters)] == [2, 1, 1]
    assert not list(buckets([]))


def test_the_first_parameters_of_a_bucket_can_be_told_from_the_others() -> None:
    bucket = Bucket(list(_net().collect_params().values()))
    (first, _), (others, gradients) = bucket.split(3)
    assert (first.shape, others.shape, gradients.shape) == ((1, 12), (1, 1), (1, 1))
    others[:] = 7
    assert bucket.values[0, 12].asscalar() == 7
    assert [values.shape for values, _ in bucket.split(0)] == [(1, 13)]
    assert [values.shape for values, _ in bucket.split(4)] == [(1, 13)]


@pytest.mark.parametrize("width", [16, 1_024])
def test_weights_that_onednn_orders_anew_stay_alone(width: int) -> None:
    net = nn.HybridSequential()
    if width == 16:
        net.add(nn.Conv2D(16, 3, in_channels=16), nn.Conv2D(16, 3, in_channels=16))
        net.add(nn.GlobalAvgPool2D(), nn.Flatten())
    net.add(nn.Dense(width, in_units=width), nn.Dense(2, in_units=width))
    net.initialize(mx.init.Xavier())
    net.hybridize(static_alloc=True)
    inputs = mx.nd.random.normal(shape=(2, 16, 8, 8) if width == 16 else (16_384, width))
    with autograd.train_mode():
        expected = net(inputs).asnumpy()
    found = list(buckets(list(net.collect_params().values())))
    before = [each.values.asnumpy() for each in found]
    for _ in range(2):  # the first time weights are ordered anew
        assert net(inputs).asnumpy() == pytest.approx(expected, abs=1e-4)
    for bucket, values in zip(found, before, strict=True):
        assert (bucket.values.asnumpy() == values).all()


def test_a_single_parameter_is_cleared_and_restored_too() -> None:
    net = nn.Conv2D(4, 3, in_channels=2)
    net.initialize()
    (bucket,) = buckets([net.weight])
    assert bucket.values.shape == (4, 2, 3, 3)
    bucket.gradients[:] = np.nan
    bucket.clear(mx.nd.array([0]))
    assert (net.weight.grad().asnumpy() == 0).all()
    before = bucket.values.copy()
    bucket.values[:] = np.inf
    bucket.restore(before, mx.nd.array([0]))
    assert (net.weight.data().asnumpy() == before.asnumpy()).all()


def test_what_is_not_finite_is_cleared_as_a_whole() -> None:
    net = _net()
    bucket = Bucket(list(net.collect_params().values()))
    bucket.gradients[:] = mx.nd.array([[np.nan, np.inf, *range(11)]])
    yes, no = mx.nd.array([1]), mx.nd.array([0])
    bucket.clear(yes)
    assert np.isnan(bucket.gradients.asnumpy()[0, 0])
    assert bucket.gradients.asnumpy()[0, 2:].tolist() == list(range(11))
    bucket.clear(no)
    assert (bucket.gradients.asnumpy() == 0).all()
    before = bucket.values.copy()
    bucket.values[:] = np.nan
    bucket.restore(before, yes)
    assert np.isnan(bucket.values.asnumpy()).all()
    bucket.restore(before, no)
    assert (bucket.values.asnumpy() == before.asnumpy()).all()
