"""The six jobs' command lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.cli import jobs
from pipeline.cli.output_places import JOBS

ROOT = Path(__file__).resolve().parents[2]
Job = Callable[[Sequence[str]], int]
ALL = {name: getattr(jobs, name) for name in JOBS}


def _help(job: Job, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        job(["--help"])
    assert ended.value.code == 0
    return re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_has_a_file_and_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"import {name}\n" in (ROOT / "jobs" / f"{name}.py").read_text()
    told = _help(ALL[name], capsys)
    assert f"jobs/{name}.py" in told
    for option in ("--config FILE", "--set KEY=VALUE"):
        assert option in told
    assert "Exit codes: 0 success, 1 failure, 2 an error in the config" in told


def test_the_options_of_score_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = _help(jobs.score, capsys)
    for option in ("--model", "--input URI", "--format {parquet,csv,json,orc}", "--output URI"):
        assert option in told


@pytest.mark.parametrize("name", JOBS)
def test_a_missing_config_is_the_users_error(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ALL[name](["--config", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/none.yaml: no such file\n"


@pytest.mark.parametrize("name", JOBS)
def test_the_arguments_must_make_sense(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        ALL[name](["--confg", "x"])
    assert ended.value.code == 2
    assert "--config" in capsys.readouterr().err
