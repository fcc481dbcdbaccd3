"""Parameters in one array: theirs are parts of it."""

from __future__ import annotations

import mxnet as mx
import numpy as np
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
    assert (bucket.values[:6].asnumpy() == 1).all()


def test_parameters_move_from_one_bucket_to_the_next() -> None:
    net = _net()
    parameters = list(net.collect_params().values())
    before = [each.data().asnumpy() for each in parameters]
    old = Bucket(parameters[:2])
    Bucket(parameters).values[:] *= 2
    assert (old.values.asnumpy()[:6] == before[0].ravel()).all()
    for each, expected in zip(parameters, before, strict=True):
        assert (each.data().asnumpy() == 2 * expected).all()


def test_neighbours_share_a_bucket_until_it_is_full() -> None:
    net = _net()
    parameters = list(net.collect_params().values())
    sizes = [each.data().size for each in parameters]
    assert sizes == [6, 3, 3, 1]
    found = [len(each.parameters) for each in buckets(parameters, most=9)]
    assert found == [2, 2]
    assert [len(each.parameters) for each in buckets(parameters, most=1)] == [1, 1, 1, 1]
    parameters[1].cast("float64")
    assert [len(each.parameters) for each in buckets(parameters)] == [1, 1, 2]
    assert not list(buckets([]))


def test_what_is_not_finite_is_cleared_as_a_whole() -> None:
    net = _net()
    bucket = Bucket(list(net.collect_params().values()))
    bucket.gradients[:] = mx.nd.array([np.nan, np.inf, *range(11)])
    yes, no = mx.nd.array([1]), mx.nd.array([0])
    bucket.clear(yes)
    assert np.isnan(bucket.gradients.asnumpy()[0])
    assert bucket.gradients.asnumpy()[2:].tolist() == list(range(11))
    bucket.clear(no)
    assert (bucket.gradients.asnumpy() == 0).all()
    before = bucket.values.copy()
    bucket.values[:] = np.nan
    bucket.restore(before, yes)
    assert np.isnan(bucket.values.asnumpy()).all()
    bucket.restore(before, no)
    assert (bucket.values.asnumpy() == before.asnumpy()).all()
