"""MXNet without Spark, in processes of their own: alone, or two that Horovod joins."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.boosting.remote import Servant
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.feed import Feed
from pipeline.deep.inputs import InputLayout
from pipeline.spark.collectives import Horovod, Seat
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

COLUMNS = 24
HIDDEN = (256, 128, 64)
LEARNING_RATE = 0.001
_PATIENCE_S = 120.0


def rows_of(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are drawn, and labels that follow from them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, COLUMNS)).astype(np.float32)
    return rows, (rows[:, :4].sum(axis=1) + rng.normal(size=count)).astype(np.float32)


class Plain(Servant):
    """Trains on its own rows.

    Parameters
    ----------
    count : int
        How many.
    cores : sequence of int
        Which cores it may use; as many threads.
    """

    def __init__(self, count: int, cores: list[int]) -> None:
        os.sched_setaffinity(0, cores)
        os.environ["OMP_NUM_THREADS"] = str(len(cores))
        self._rows, self._labels = rows_of(count, seed=cores[0])

    def train(self, batch: int, epochs: int, meeting: dict[str, Any] | None) -> list[float]:
        """Seconds of each epoch; with a meeting together with the other rank."""
        import mxnet as mx

        mx.random.seed(0)
        collective = None
        if meeting is not None:
            collective = Horovod()
            seat = Seat(meeting["rank"], meeting["size"], ("127.0.0.1",) * meeting["size"])
            collective.join(seat, meeting["invitation"], _PATIENCE_S)
        try:
            return self._epochs(batch, epochs, is_joined=collective is not None)
        finally:
            if collective is not None:
                collective.leave()

    def feed(self, batch: int) -> float:
        """Rows a second that the pipeline's feed gives from a mapped shard."""
        names = tuple(Feature(f"x{place}", "numeric") for place in range(COLUMNS))
        layout = InputLayout.of(FeatureSchema(names))
        count = len(self._rows)
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "shard"
            with ShardWriter(path, COLUMNS, is_sparse=False, is_weighted=False) as writer:
                writer.add(ShardRows(np.arange(count), self._rows, self._labels, None))
            feed = Feed(Shard(path), layout, (count,), batch)
            seconds = []
            for epoch in range(3):
                began = time.monotonic()
                order = np.random.default_rng(epoch).permutation(count)
                fed = sum(len(each.labels) for each in feed.epoch(order))
                seconds.append(time.monotonic() - began)
                if fed != count:
                    raise RuntimeError(f"{fed} rows of {count} were fed")
        return count / min(seconds)

    def _epochs(self, batch: int, epochs: int, *, is_joined: bool) -> list[float]:
        import mxnet as mx
        from mxnet import autograd
        from mxnet.gluon import Trainer, nn
        from mxnet.gluon.loss import L2Loss

        # Ranks exchange weights by names, which Gluon numbers by what a process ever built.
        with mx.name.NameManager():
            net = nn.HybridSequential()
            with net.name_scope():
                for units in HIDDEN:
                    net.add(nn.Dense(units, activation="relu"))
                net.add(nn.Dense(1))
        net.initialize(mx.init.Xavier())
        net.hybridize(static_alloc=True)
        net(mx.nd.array(self._rows[:2]))
        settings = {"learning_rate": LEARNING_RATE}
        if is_joined:
            import horovod.mxnet as hvd

            hvd.broadcast_parameters(net.collect_params(), root_rank=0)
            trainer = hvd.DistributedTrainer(net.collect_params(), "adam", settings)
        else:
            trainer = Trainer(net.collect_params(), "adam", settings, kvstore=None)
        loss = L2Loss()
        count, seconds = len(self._rows), []
        for epoch in range(epochs):
            began = time.monotonic()
            order = np.random.default_rng(epoch).permutation(count)
            total = mx.nd.zeros(1)
            for start in range(0, count, batch):
                places = order[start : start + batch]
                inputs, labels = mx.nd.array(self._rows[places]), mx.nd.array(self._labels[places])
                with autograd.record():
                    losses = loss(net(inputs), labels)
                losses.backward()
                trainer.step(len(places))
                total += losses.sum()
            if not np.isfinite(total.asscalar()):
                raise RuntimeError("the loss is not finite")
            mx.nd.waitall()
            seconds.append(time.monotonic() - began)
        return seconds
