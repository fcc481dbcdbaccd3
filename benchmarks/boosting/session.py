"""A cluster with a session on it, in a process of its own, and those who train there."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812

from benchmarks import common
from benchmarks.bagging import table as tables
from benchmarks.boosting import rows as neighbours
from benchmarks.boosting import trained
from benchmarks.boosting.options import MLLIB
from benchmarks.boosting.remote import Servant
from benchmarks.boosting.results import Timing
from pipeline.data.prepare import ROW_ID

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SALT = 0x2C1
_DRIVER_HEAP = "2g"


@dataclass(frozen=True)
class Shape:
    """A cluster.

    Parameters
    ----------
    workers, cores : int
        Workers, and cores of each.
    heap_mb : int
        Heap of an executor.
    task_cores : int
        Cores of a task, where nothing else is said: `spark.task.cpus`.
    """

    workers: int
    cores: int
    heap_mb: int
    task_cores: int = 1


class Session(Servant):
    """The table on a cluster; methods train on it.

    Parameters
    ----------
    shape : Shape
        Of the cluster.
    rows : int or None
        About how many training rows; None: all.
    """

    def __init__(self, shape: Shape, rows: int | None) -> None:
        self._shape = shape
        self._rows = rows
        self._stack = contextlib.ExitStack()
        self._trainers: dict[str, trained.Trainer] = {}

    def __enter__(self) -> Session:
        settings = {
            "spark.executor.memory": f"{self._shape.heap_mb}m",
            "spark.driver.memory": _DRIVER_HEAP,
            "spark.task.cpus": str(self._shape.task_cores),
            "spark.sql.execution.arrow.pyspark.enabled": "true",
        }
        shape = self._shape
        self._cluster = self._stack.enter_context(
            common.cluster(shape.workers, shape.cores, shape.heap_mb, settings)
        )
        try:
            self._table = self._once = tables.load(self._cluster.spark, self._rows)
            self._noted = trained.note(self._table)
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

    def rows(self) -> int:
        """Training rows."""
        return self._table.rows

    def export(self, directory: Path) -> None:
        """Write the rows for those who train without Spark."""
        schema = self._noted.features
        train, test = (
            neighbours.by_time(tables.encoded(frame, schema), schema)
            for frame in (self._table.train, self._table.test)
        )
        fractional = [schema.names.index(name) for name in _fractional(self._table.train)]
        categorical = set(schema.categorical)
        types = ["c" if place in categorical else "q" for place in range(schema.width)]
        facts = neighbours.Facts(self._noted.params, types, fractional)
        neighbours.write(directory, train, test, facts)

    def prepare(self, name: str, settings: dict[str, Any]) -> None:
        """Make ready what is outside of the timing, for one who trains."""
        if name == MLLIB:
            made: trained.Trainer = trained.Mllib(
                self._table, self._noted.features, self._shape.heap_mb
            )
        elif "num_workers" in settings:
            made = trained.XgboostSpark(self._table, self._noted, settings)
        else:
            made = trained.Ours(self._table, settings)
        self._trainers[name] = made

    def fit(self, name: str, rounds: int) -> Timing:
        """Train."""
        return self._trainers[name].fit(rounds)

    def auc(self, name: str) -> float:
        """Area under the curve of its last model on the test rows."""
        return self._trainers[name].auc()

    def note(self, name: str) -> str:
        """What to know about its figures."""
        return self._trainers[name].note()

    def repeat(self, times: int) -> int:
        """Have each row so many times, for those who are prepared from now on; how many rows."""
        if self._table.train is not self._once.train:
            self._table.train.unpersist()
        train = _repeated(self._once.train, times).cache()
        count = train.count()
        self._table = tables.Table(train, self._once.test, count)
        return count


def _repeated(frame: DataFrame, times: int) -> DataFrame:
    """Copies have a name of their own, and differ a little in columns of fractional numbers."""
    number = F.explode(F.sequence(F.lit(0), F.lit(times - 1))).alias("copy")
    copies = frame.select("*", number)
    is_copy = F.col("copy") > 0
    changed = {
        name: F.when(is_copy, F.col(name) * (1 + neighbours.CHANGE * F.randn(place)))
        .otherwise(F.col(name))
        .alias(name)
        for place, name in enumerate(_fractional(frame))
    }
    renamed = F.when(is_copy, F.xxhash64(ROW_ID, "copy", F.lit(_SALT))).otherwise(F.col(ROW_ID))
    columns = [changed.get(name, F.col(name)) for name in frame.columns if name != ROW_ID]
    return copies.select(renamed.alias(ROW_ID), *columns)


def _fractional(frame: DataFrame) -> list[str]:
    return [name for name, kind in frame.dtypes if kind == "double"]
