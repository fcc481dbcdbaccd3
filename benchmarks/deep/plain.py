"""MXNet without Spark, in processes of their own: alone, or two that Horovod joins."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.boosting.remote import Servant
from benchmarks.deep.ways import USUAL, Way
from benchmarks.deep.workload import COLUMNS, rows_of
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.feed import Feed
from pipeline.deep.inputs import InputLayout
from pipeline.spark.collectives import Horovod, Seat
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

if TYPE_CHECKING:
    from benchmarks.deep.steps import Steps

_PATIENCE_S = 120.0


class Plain(Servant):
    """Trains on its own rows.

    Parameters
    ----------
    count : int
        How many.
    cores : sequence of int
        Which cores it may use; as many threads.
    environment : mapping of str to str
        What Horovod is told at its start.
    """

    def __init__(
        self, count: int, cores: list[int], environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        os.environ.update(environment)
        os.sched_setaffinity(0, cores)
        os.environ["OMP_NUM_THREADS"] = str(len(cores))
        self._rows, self._labels = rows_of(count, seed=cores[0])

    def train(
        self, batch: int, epochs: int, meeting: dict[str, Any] | None, way: Way = USUAL
    ) -> list[float]:
        """Seconds of each epoch; with a meeting together with the other rank."""
        with self._steps(meeting, way) as steps:
            return [steps.epoch(number, batch) for number in range(epochs)]

    def exchanges(
        self, batch: int, steps: int, meeting: dict[str, Any]
    ) -> list[tuple[float, float]]:
        """Seconds of each step before and within the exchange."""
        with self._steps(meeting, USUAL) as trained:
            return trained.exchanges(batch, steps)

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

    @contextmanager
    def _steps(self, meeting: dict[str, Any] | None, way: Way) -> Iterator[Steps]:
        from benchmarks.deep.steps import Steps

        if meeting is None:
            yield Steps(self._rows, self._labels, way, is_joined=False)
            return
        collective = Horovod()
        seat = Seat(meeting["rank"], meeting["size"], ("127.0.0.1",) * meeting["size"])
        try:
            collective.join(seat, meeting["invitation"], _PATIENCE_S)
            steps = Steps(self._rows, self._labels, way, is_joined=True)
            yield steps
            steps.end()
        finally:
            collective.leave()
