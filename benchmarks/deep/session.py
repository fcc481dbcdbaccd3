"""A cluster whose processes are pinned, a session on it, and ours that trains there."""

from __future__ import annotations

import contextlib
import os

from pyspark.sql import functions as F  # noqa: N812

from benchmarks import common
from benchmarks.boosting.remote import Servant
from benchmarks.deep.pinned import pin
from benchmarks.deep.workload import COLUMNS, HIDDEN, LEARNING_RATE
from pipeline.deep import DeepRegressor


class Session(Servant):
    """Rows on a cluster.

    Parameters
    ----------
    cores : list of list of int
        The cores of each Worker: what it starts stays on them.
    rows : int
        Rows of each of two workers, all of which are trained on in any case.
    heap_mb : int
        Heap of an executor.
    """

    def __init__(self, cores: list[list[int]], rows: int, heap_mb: int) -> None:
        self._cores = cores
        self._rows = rows
        self._heap = heap_mb
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Session:
        settings = {"spark.executor.memory": f"{self._heap}m", "spark.driver.memory": "1g"}
        self._cluster = self._stack.enter_context(
            common.cluster(len(self._cores), len(self._cores[0]), self._heap, settings)
        )
        try:
            pin(self._cluster.worker_pids, self._cores)
            columns = [F.randn(place).alias(f"x{place}") for place in range(COLUMNS)]
            label = sum((F.col(f"x{place}") for place in range(4)), F.randn(99)).alias("y")
            drawn = self._cluster.spark.range(2 * self._rows).select("id", *columns)
            self._table = drawn.select("*", label).cache()
            self._table.count()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    @property
    def pids(self) -> list[int]:
        """This process with the driver's JVM, the Master, the Workers."""
        return [os.getpid(), self._cluster.state.master.pid, *self._cluster.worker_pids]

    def train(self, batch: int, epochs: int) -> list[float]:
        """Seconds of each epoch, with so many rows of a batch on each of two cores."""
        workers = len(self._cores)
        model = DeepRegressor(
            featuresCols=[f"x{place}" for place in range(COLUMNS)],
            labelCol="y",
            rowIdCol="id",
            hidden=list(HIDDEN),
            normalisation="none",
            dropout=0.0,
            learning_rate=LEARNING_RATE,
            learning_rate_scaling="none",
            batch_size_per_worker=batch * 2 // workers,
            epochs=epochs,
            checkpoint_epochs=0,
            numWorkers=workers,
        ).fit(self._table)
        return [float(row["seconds"]) for row in model.history]
