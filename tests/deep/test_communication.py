"""What ranks tell each other, where there is one only."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from mxnet.gluon import nn

from pipeline.deep.communication import Alone, OnlyRank


def test_sums_of_one_rank_are_its_own_values() -> None:
    found = Alone().sum([1, 2.5])
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.5]
    assert Alone().sum_array(mx.nd.array([1, 2]), "some").asnumpy().tolist() == [1, 2]


def test_one_rank_trains_with_adam() -> None:
    net = nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(mx.init.One())
    Alone().broadcast(net.collect_params())
    trainer = Alone().trainer(net.collect_params(), {"learning_rate": 0.25})
    with autograd.record():
        loss = net(mx.nd.array([[3.0]]))
    loss.backward()
    trainer.step(1)
    # Adam's first step is as long as its step size, whatever the gradient.
    assert net.weight.data().asscalar() == pytest.approx(0.75, abs=1e-4)


def test_the_only_rank_says_that_it_moves() -> None:
    steps: list[int] = []
    rank = OnlyRank(threads=2, on_advance=lambda: steps.append(1))
    rank.advance()
    rank.report("epoch", epoch=0)
    OnlyRank(threads=2).advance()
    assert (rank.rank, rank.size, rank.gpus, steps) == (0, 1, (), [1])
