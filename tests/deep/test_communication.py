"""What ranks tell each other, or one only itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import mxnet as mx
import numpy as np
import pytest
from pyspark.sql import SparkSession

from pipeline.deep import communication
from pipeline.deep.communication import Alone, Horovod, OnlyRank
from pipeline.spark.gang import GangLimits, run_gang
from pipeline.spark.resources import plan_gang
from pipeline.spark.worker import Worker


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


def _shared_weights(worker: Worker, apart: float) -> tuple[list[list[float]], int]:
    """Weights after a broadcast, and how many arrays have been sent for it."""
    import horovod.mxnet as hvd
    from mxnet.gluon import nn

    layer = nn.Dense(2, in_units=3)
    layer.initialize(mx.init.One())
    weight = layer.weight.data()
    weight[1, 2] += apart * worker.rank
    sent: list[str] = []
    send = hvd.broadcast_
    hvd.broadcast_ = lambda *given, **named: (sent.append(named["name"]), send(*given, **named))
    try:
        Horovod().broadcast(layer.collect_params())
    finally:
        hvd.broadcast_ = send
    return layer.weight.data().asnumpy().tolist(), len(sent)


def _shared_bytes(worker: Worker, size: int) -> bytes:
    communication._MOST_BYTES = 1_000
    own = b"" if worker.rank else _bytes(size)
    return bytes(Horovod().broadcast_bytes(own))


def _bytes(size: int) -> bytes:
    return bytes(place % 251 for place in range(size))


@pytest.mark.parametrize("size", [0, 1, 1_000, 2_001])
def test_many_bytes_are_sent_in_several_messages(spark: SparkSession, size: int) -> None:
    found = _run(spark, partial(_shared_bytes, size=size))
    assert {len(each) for each in found} == {size}
    assert len(set(found)) == 1
    assert found[0] == _bytes(size)


def _run(spark: SparkSession, work: Any) -> list[Any]:
    limits = GangLimits()
    plan = plan_gang(spark)
    found = run_gang(spark, plan, work, name="test", collective="horovod", limits=limits)
    assert len(found) > 1
    return found


@pytest.mark.parametrize(("apart", "sent"), [(0.0, 0), (2**-23, 2)])
def test_weights_are_sent_where_those_of_a_rank_differ(
    spark: SparkSession, apart: float, sent: int
) -> None:
    found = _run(spark, partial(_shared_weights, apart=apart))
    assert found == [([[1.0] * 3] * 2, sent)] * len(found)
