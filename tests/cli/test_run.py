"""`emr-ensembles run`: jobs in their order, until one fails; a script stands in for Spark."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.cli import run
from pipeline.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
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
    return log


def test_jobs_run_in_their_order_until_one_fails(submitted: Path) -> None:
    assert main(["run", "--config", CONFIG, "--master", "spark://host:7077"]) == 7
    lines = submitted.read_text().splitlines()
    assert len(lines) == 4
    for line, job in zip(lines, ["prepare", "bag", "boost", "deep"], strict=True):
        assert line.startswith("--master spark://host:7077 ")
        assert f"{ROOT}/jobs/{job}.py --config {CONFIG}" in line


def test_chosen_jobs_get_the_overrides(submitted: Path) -> None:
    more = ["--jobs", "boost", "report", "--set", "seed=3", "--set", "name=other"]
    assert main(["run", "--config", CONFIG, "--master", "yarn", *more]) == 0
    boost, report = submitted.read_text().splitlines()
    assert boost.endswith(f"jobs/boost.py --config {CONFIG} --set seed=3 --set name=other")
    assert "jobs/report.py" in report


def test_without_spark_submit_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["run", "--config", CONFIG, "--master", "yarn"]) == 2
    assert "spark-submit is not on PATH" in capsys.readouterr().err


def test_spark_settings_of_the_config_win_over_those_for_local_clusters(
    submitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimpleNamespace(master_url="spark://here:7077")
    monkeypatch.setattr(run.local_cluster, "running", lambda _: state)
    monkeypatch.setattr(run.local_cluster, "environment", lambda _: {})
    more = ["--cluster", "x", "--jobs", "boost", "--set", "spark={spark.executor.memory: 1g}"]
    assert main(["run", "--config", CONFIG, *more]) == 0
    line = submitted.read_text()
    assert line.startswith("--master spark://here:7077 --properties-file ")
    assert "local.conf --conf spark.executor.memory=1g " in line
