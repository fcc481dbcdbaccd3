"""What the benchmarks share: a cluster with a session on it, and the files of results."""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.local import cluster as local_cluster
from pipeline.local.cluster import ClusterState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ORIGIN = ("date", "commit", "machine")
"""The first columns of every file of results."""

_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",
    # This checkout is measured, whatever the environment has installed.
    "spark.executorEnv.PYTHONPATH": str(ROOT),
}


@dataclass(frozen=True)
class Cluster:
    """A standalone cluster that lives as long as the measurement, and the session on it."""

    spark: SparkSession
    state: ClusterState

    @property
    def worker_pids(self) -> list[int]:
        """Processes of the Workers; executors and their Python workers descend from them."""
        return [worker.daemon.pid for worker in self.state.workers]


@contextmanager
def cluster(
    workers: int,
    cores_per_worker: int,
    memory_per_worker_mb: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Start a cluster and a session that has all of it; stop both at the end.

    One in each process: a second session would get the first one's JVM, with its memory.
    """
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "cluster"
        try:
            state = local_cluster.up(directory, workers, cores_per_worker, memory_per_worker_mb)
            os.environ.update(local_cluster.environment(state))
            spark = _session(state.master_url, {**_SETTINGS, **(settings or {})})
            try:
                yield Cluster(spark, state)
            finally:
                spark.stop()
        finally:
            local_cluster.down(directory)


def _session(master: str, settings: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("benchmarks")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def origin() -> dict[str, str]:
    """When, of what and where a measurement is: `ORIGIN`."""
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
    }


def commit() -> str:
    """The checkout's commit; a plus when files differ from it, results apart."""
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def append(path: Path, fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a file of results; a new file begins with its columns' names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a file of results; none when there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def count(text: str) -> int:
    """The number that an option is given: at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: must be at least 1")
    return number
