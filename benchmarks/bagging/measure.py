"""One run: cluster, table, measurements; then results, plot and goals."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psutil

from benchmarks import common
from benchmarks.bagging import comparison, curve, plot, results, table
from benchmarks.bagging.contenders import CORES
from benchmarks.bagging.options import Options
from benchmarks.bagging.results import Figures, Goal

# MLlib keeps a hundred weights for each row, and histograms of many nodes at a time.
_MOST_HEAP_MB = 8192
_SHARE_OF_RAM = 1 / 3
_DRIVER_HEAP = "2g"


def run(options: Options) -> int:
    """Measure; 1 when goals are to be checked and one is missed."""
    memory_mb = _heap_mb()
    settings = {
        "spark.executor.memory": f"{memory_mb}m",
        "spark.driver.memory": _DRIVER_HEAP,
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    figures: list[Figures] = []
    with common.cluster(1, CORES, memory_mb, settings) as cluster:
        rows = table.load(cluster.spark, options.rows)
        try:
            for item in _measured(rows, options, cluster, memory_mb):
                figures.append(item)
        finally:
            # What was measured before something went wrong took long enough.
            _record(figures, rows.rows, options)
    return _judge(_goals(figures, options), is_strict=options.check)


def _measured(
    rows: table.Table, options: Options, cluster: common.Cluster, memory_mb: int
) -> Iterator[Figures]:
    if options.curve:
        return curve.measure(rows, options, cluster.worker_pids)
    return comparison.compare(rows, options, memory_mb)


def _goals(figures: list[Figures], options: Options) -> list[Goal]:
    if options.curve:
        return curve.goals(figures)
    return comparison.goals({item.what: item for item in figures})


def _record(figures: list[Figures], training_rows: int, options: Options) -> None:
    found = results.rows(figures, training_rows)
    common.append(results.PATH, results.FIELDS, found)
    plot.draw(common.read(results.PATH), plot.PATH)
    sys.stdout.write(f"\n{training_rows} training rows\n\n{results.markdown(found)}\n\n")


def _judge(goals: list[Goal], *, is_strict: bool) -> int:
    for goal in goals:
        sys.stdout.write(f"{goal}\n")
    return int(is_strict and not all(goal.is_met for goal in goals))


def _heap_mb() -> int:
    return min(_MOST_HEAP_MB, int(psutil.virtual_memory().total / 2**20 * _SHARE_OF_RAM))
