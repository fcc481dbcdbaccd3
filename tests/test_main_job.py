"""The main job, end to end: a user's CSV, real `spark-submit`, a cluster of its own."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.files import local_path
from pipeline.local.cluster import ClusterState, down, up
from pipeline.local.cluster import environment as cluster_environment
from pipeline.store.versions import newest
from tests.main_job import ROOT, customers, emr_ensembles, finish, start, write_config


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ClusterState]]:
    """Two Workers of one core, beside those of the other tests' session."""
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield directory, up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1200)
    finally:
        down(directory)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_config(tmp_path_factory.mktemp("table"))


def _run(
    command: list[str], more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return finish(start(command, more))


def _emr_ensembles(
    cluster: tuple[Path, ClusterState], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return _run(emr_ensembles("run", "--cluster", str(cluster[0]), *arguments))


@pytest.fixture(scope="module")
def done(cluster: tuple[Path, ClusterState], config: Path) -> subprocess.CompletedProcess[str]:
    """Three of the six jobs."""
    more = ["--config", str(config), "--jobs", "prepare", "boost", "report"]
    found = _emr_ensembles(cluster, *more)
    assert found.returncode == 0, found.stdout + found.stderr
    return found


def _newest(directory: Path) -> Path:
    found = newest(str(directory))
    assert found is not None
    return local_path(found.content)


def _require_report(output: Path, names: set[str]) -> None:
    report = json.loads((output / "report" / "report.json").read_text())
    assert set(report["models"]) == names
    (rows,) = {model["test"]["rows"] for model in report["models"].values()}
    assert rows > 50
    for model in report["models"].values():
        assert 0.7 < model["test"]["auc"] <= 1
        assert math.isfinite(model["test"]["log_loss"])
    assert (output / "report" / "report.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_main_job_ends_with_a_table_of_three_models(
    cluster: tuple[Path, ClusterState], config: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    found = _emr_ensembles(cluster, "--config", str(config), "--set", f"output={output}")
    assert found.returncode == 0, found.stdout + found.stderr
    for text in ("bagging", "boosting", "deep", "test AUC", "report.html"):
        assert text in found.stdout
    assert "all jobs done" in found.stderr
    assert "Traceback" not in found.stdout + found.stderr
    names = {"bagging", "boosting", "deep"}
    _require_report(output, names)
    scored = {name: pd.read_parquet(_newest(output / "scores" / name)) for name in names}
    for rows in scored.values():
        assert set(rows["split"]) == {"test"}
        assert set(rows["prediction"]) == {"no", "yes"}
        assert np.allclose(np.array(rows["probability"].tolist()).sum(axis=1), 1)
        assert set(rows["customer"]) == set(scored["deep"]["customer"])


def test_a_part_of_the_jobs_ends_with_a_report_too(
    done: subprocess.CompletedProcess[str], config: Path
) -> None:
    assert "boosting" in done.stdout
    assert "all jobs done" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    _require_report(config.parent / "out", {"boosting"})


def test_another_table_is_scored_by_spark_submit(
    done: subprocess.CompletedProcess[str],
    cluster: tuple[Path, ClusterState],
    config: Path,
    tmp_path: Path,
) -> None:
    unlabelled = customers(40).drop(columns="churned")
    unlabelled.loc[3, "zone"] = "unseen"
    unlabelled.to_csv(tmp_path / "new.csv", index=False)
    state = cluster[1]
    submit = ["spark-submit", "--master", state.master_url, "--conf", "spark.executor.memory=1g"]
    quiet = ["--properties-file", str(ROOT / "conf" / "spark" / "local.conf")]
    job = [str(ROOT / "jobs" / "score.py"), "--config", str(config), "--model", "boosting"]
    place = ["--input", str(tmp_path / "new.csv"), "--output", str(tmp_path / "scored")]
    found = _run([*submit, *quiet, *job, *place, "--format", "csv"], cluster_environment(state))
    assert found.returncode == 0, found.stdout + found.stderr
    scored = pd.read_parquet(tmp_path / "scored").sort_values("customer")
    assert list(scored.columns) == [*unlabelled.columns, "probability", "prediction"]
    assert scored["zone"].tolist() == unlabelled["zone"].tolist()
    assert scored["note"].tolist() == unlabelled["note"].tolist()
    assert np.allclose(scored["age"], unlabelled["age"], equal_nan=True)
    assert set(scored["prediction"]) == {"no", "yes"}
    assert np.allclose(np.array(scored["probability"].tolist()).sum(axis=1), 1)


def _require_one_error(found: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error; spark-submit puts what a job says on stderr to its own stdout."""
    assert found.returncode == 2
    told = found.stdout + found.stderr
    assert "Traceback" not in told
    (error,) = [line for line in told.splitlines() if line.startswith("error: ")]
    return error


def test_jobs_refuse_a_table_that_was_prepared_with_other_settings(
    done: subprocess.CompletedProcess[str], cluster: tuple[Path, ClusterState], config: Path
) -> None:
    more = ["--config", str(config), "--jobs", "boost", "--set", "seed=6"]
    error = _require_one_error(_emr_ensembles(cluster, *more))
    assert "prepared with other settings (seed); run jobs/prepare.py again" in error


def test_a_missing_label_is_one_line_and_leaves_nothing_behind(
    cluster: tuple[Path, ClusterState], config: Path, tmp_path: Path
) -> None:
    more = ["--set", "columns.label=churnd", "--set", f"output={tmp_path}/out"]
    error = _require_one_error(_emr_ensembles(cluster, "--config", str(config), *more))
    assert error == "error: columns.label: no column churnd in the table; did you mean churned?"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["runs"]
    (record,) = (tmp_path / "out" / "runs").glob("*/run.json")
    found = json.loads(record.read_text())
    assert (found["outcome"], found["exit_code"]) == ("failed", 2)
    assert found["jobs"]["prepare"]["error"] == error.removeprefix("error: ")
    assert Path(found["jobs"]["prepare"]["log"]).exists()
