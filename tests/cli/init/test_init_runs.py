"""`config init` on tables of other libraries: what it guesses, and that all jobs run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.cli.init.command import source_of, write
from pipeline.cli.init.look import look
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load
from pipeline.local.cluster import down, up
from tests.cli.init import odd_tables

_QUICK = [
    "spark.spark.executor.memory=1g",
    "bagging.replicas=4",
    "boosting.rounds=5",
    "deep.epochs=3",
]
_LIMIT_S = 1200


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", odd_tables.LABELS)
def test_the_guesses_make_a_config(
    spark: SparkSession, tmp_path: Path, name: str, kind: str
) -> None:
    table = odd_tables.write(name, kind, tmp_path)
    found = look(spark, source_of(str(table), None))
    assert found.label.name == odd_tables.GUESSED[name]
    assert odd_tables.LABELS[name] in (found.label.name, *found.label.others)
    file = tmp_path / "job.yaml"
    write(found, name, str(tmp_path / "out"), file)
    config = load(JobConfig, file, [], FREE_KEYS)
    row_number = ["_c0"] if (name, kind) == ("wine", "csv") else []
    assert config.columns.drop == (["Name"] if name == "cars" else row_number)
    assert config.columns.time == ("Year" if name == "cars" else None)


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster for the jobs: the tests' session holds all cores of the other one."""
    directory = tmp_path_factory.mktemp("cluster")
    try:
        up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1536)
        yield directory
    finally:
        down(directory)


@pytest.mark.slow
@pytest.mark.timeout(_LIMIT_S)
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "csv") for name in odd_tables.LABELS),
        *((name, "parquet") for name in odd_tables.LABELS),
    ],
)
def test_all_jobs_run_without_an_edit_but_the_labels_name(
    own_cluster: Path, tmp_path: Path, name: str, kind: str
) -> None:
    odd_tables.write(name, kind, tmp_path)
    _command(tmp_path, "config", "init", f"{name}.{kind}")
    file = tmp_path / f"{name}.yaml"
    guessed, label = odd_tables.GUESSED[name], odd_tables.LABELS[name]
    file.write_text(file.read_text().replace(f"\n  label: {guessed}\n", f"\n  label: {label}\n"))
    quick = [part for item in _QUICK for part in ("--set", item)]
    run = ["run", "--cluster", str(own_cluster), "--config", file.name, *quick]
    assert "test AUC" in _command(tmp_path, *run)
    output = tmp_path / "out" / name
    assert (output / "report").exists()
    scored = {place.name.partition("-")[0] for place in (output / "scores").iterdir()}
    assert scored == {"bagging", "boosting", "deep"}


def _command(directory: Path, *arguments: str) -> str:
    """Run `emr-ensembles` in a directory, as a user does; returns what it printed."""
    script = "import sys; from pipeline.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=directory,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
