"""What ranks tell each other, where there is one only."""

from __future__ import annotations

import mxnet as mx
import numpy as np

from pipeline.deep.communication import Alone, OnlyRank


def test_sums_of_one_rank_are_its_own_values() -> None:
    found = Alone().sum([1, 2.5])
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.5]
    assert Alone().sum_array(mx.nd.array([1, 2]), "some").asnumpy().tolist() == [1, 2]


def test_one_rank_is_told_nothing_new() -> None:
    gradient = mx.nd.array([1, -2])
    Alone().sum_gradients(gradient, 4, 0, is_halved=True)
    assert gradient.asnumpy().tolist() == [1, -2]
    assert Alone().broadcast_bytes(b"all") == b"all"


def test_the_only_rank_says_that_it_moves() -> None:
    steps: list[int] = []
    rank = OnlyRank(threads=2, on_advance=lambda: steps.append(1))
    rank.advance()
    rank.report("epoch", epoch=0)
    OnlyRank(threads=2).advance()
    assert (rank.rank, rank.size, rank.gpus, steps) == (0, 1, (), [1])
