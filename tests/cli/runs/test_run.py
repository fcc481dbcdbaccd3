"""`emr-ensembles run`: jobs in their order, until one fails; a script stands in for Spark."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.cli.main import main
from pipeline.cli.output_places import JOBS
from pipeline.cli.runs import run
from tests.cli.runs.made import config_of, make

ROOT = Path(__file__).resolve().parents[3]
CONFIG = str(ROOT / "conf" / "flights.yaml")
_SUBMIT = """#!/bin/sh
printf '%s\\n' "$*" >> "{log}"
case "$*" in *jobs/deep.py*) exit 7;; esac
"""


@pytest.fixture
def submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `spark-submit` was called with, a line each; it fails for deep."""
    log = tmp_path / "log"
    script = tmp_path / "spark-submit"
    script.write_text(_SUBMIT.format(log=log))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("EMR_ENSEMBLES_DATE", raising=False)
    return log


def command(tmp_path: Path, *more: str, master: str = "yarn") -> list[str]:
    place = ["--master", master, "--set", f"output={tmp_path}/out"]
    return ["run", "--config", CONFIG, *place, *more]


def record_of(tmp_path: Path) -> dict[str, Any]:
    """The newest run's record."""
    path = max((tmp_path / "out" / "runs").glob("*/run.json"), key=lambda path: path.stat().st_ino)
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def test_jobs_run_in_their_order_until_one_fails(submitted: Path, tmp_path: Path) -> None:
    assert main(command(tmp_path, master="spark://host:7077")) == 7
    lines = submitted.read_text().splitlines()
    assert len(lines) == 4
    for line, job in zip(lines, ["prepare", "bag", "boost", "deep"], strict=True):
        assert line.startswith("--master spark://host:7077 ")
        assert f"{ROOT}/jobs/{job}.py --config {CONFIG}" in line


def test_the_record_says_which_job_failed_and_how(
    submitted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    main(command(tmp_path))
    record = record_of(tmp_path)
    assert (record["outcome"], record["exit_code"]) == ("failed", 7)
    assert record["jobs"]["deep"]["exit_code"] == 7
    assert "ended with exit code 7 and without a word" in record["jobs"]["deep"]["error"]
    assert record["config"]["seed"] == 7
    assert record["locks"]["base.lock"]
    assert "deep failed with exit code 7; the same command goes on there" in caplog.text


def test_all_jobs_are_one_run_of_one_date(submitted: Path, tmp_path: Path) -> None:
    assert main(command(tmp_path, "--jobs", "prepare", "boost")) == 0
    run_id = record_of(tmp_path)["run"]
    lines = submitted.read_text().splitlines()
    assert [line.endswith(f"--run-id {run_id}") for line in lines] == [True, True]
    assert len(os.environ["EMR_ENSEMBLES_DATE"]) == len("2026-01-01")


def test_chosen_jobs_get_the_overrides(submitted: Path, tmp_path: Path) -> None:
    more = ["--jobs", "boost", "report", "--set", "seed=3", "--set", "name=other"]
    assert main(command(tmp_path, *more)) == 0
    boost, report = submitted.read_text().splitlines()
    assert " --set seed=3 --set name=other --run-id " in boost
    assert "jobs/report.py" in report


def _own(tmp_path: Path, *more: str) -> list[str]:
    """A run of a config whose jobs are all done."""
    config = config_of(tmp_path)
    for job in JOBS:
        make(job, config)
    text = config.model_dump_json(exclude_none=True)
    (tmp_path / "job.yaml").write_text(text)
    return ["run", "--config", str(tmp_path / "job.yaml"), "--master", "yarn", *more]


def test_jobs_that_are_done_are_kept_and_their_table_is_shown(
    submitted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_own(tmp_path)) == 0
    assert capsys.readouterr().out == "model  test AUC\n"
    assert not submitted.exists()
    record = record_of(tmp_path)
    assert record["outcome"] == "success"
    assert {part["outcome"] for part in record["jobs"].values()} == {"kept"}
    assert record["data_fingerprint"] == "x"
    assert record["jobs"]["bag"]["metrics"] == {"bagging": {"fit_seconds": 1.5}}


def test_a_run_goes_on_at_the_job_that_changed(
    submitted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(_own(tmp_path, "--set", "boosting.eta=0.1")) == 0
    (line,) = submitted.read_text().splitlines()
    assert "jobs/boost.py" in line
    assert "== boost: boosting.eta is 0.1 and was not set" in caplog.text
    assert "== deep: kept, nothing it depends on has changed" in caplog.text


def test_fresh_does_everything_again(submitted: Path, tmp_path: Path) -> None:
    assert main(_own(tmp_path, "--fresh", "--jobs", "prepare", "boost")) == 0
    assert len(submitted.read_text().splitlines()) == 2


def test_without_spark_submit_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(command(tmp_path)) == 2
    assert "spark-submit is not on PATH" in capsys.readouterr().err
    assert record_of(tmp_path)["exit_code"] == 2


def test_an_output_that_cannot_be_written_is_said_at_once(
    submitted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--master", "yarn", "--set", "output=/proc/out"]
    assert main(["run", "--config", CONFIG, *place]) == 2
    assert "error: output: file:///proc/out: cannot be written" in capsys.readouterr().err
    assert not submitted.exists()


def test_spark_settings_of_the_config_win_over_those_for_local_clusters(
    submitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimpleNamespace(master_url="spark://here:7077")
    monkeypatch.setattr(run.local_cluster, "running", lambda _: state)
    monkeypatch.setattr(run.local_cluster, "environment", lambda _: {})
    more = ["--cluster", "x", "--jobs", "boost", "--set", "spark={spark.executor.memory: 1g}"]
    assert main(["run", "--config", CONFIG, "--set", f"output={tmp_path}/out", *more]) == 0
    line = submitted.read_text()
    assert line.startswith("--master spark://here:7077 --properties-file ")
    assert "local.conf --conf spark.executor.memory=1g " in line
