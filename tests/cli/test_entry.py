"""From an error to an exit code and one message."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.entry import guarded, run_job
from pipeline.errors import ConfigError, DataError, EnsemblesError, GangNeverFitsError, UserError
from pipeline.spark import session

CONFIG = """
name: small
output: {output}
source: {{kind: csv, uri: {output}/table.csv}}
columns: {{label: y}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(CONFIG.format(output=tmp_path))
    return path


class _Session:
    """In the place of a Spark session."""

    stopped = 0

    def stop(self) -> None:
        _Session.stopped += 1


@pytest.fixture
def spark_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "make_session", lambda *_, **__: _Session())
    monkeypatch.setattr(_Session, "stopped", 0)


def _record(output: Path) -> dict[str, Any]:
    (path,) = (output / "runs").glob("*/run.json")
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def _run(config: Path, job: Any, *more: str) -> int:
    parser = argparse.ArgumentParser(prog="job")
    return run_job("prepare", job, parser, ["--config", str(config), *more])


@pytest.mark.usefixtures("spark_is_not_needed")
@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (None, 0, ""),
        (UserError("mend it"), 2, "error: mend it\n"),
        (DataError("column y is null"), 2, "error: column y is null\n"),
        (GangNeverFitsError("too large"), 2, "error: too large\n"),
        (EnsemblesError("the disk is full"), 1, "error: the disk is full\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_an_error_becomes_an_exit_code(
    config: Path,
    error: BaseException | None,
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def job(_config: Any, _spark: Any, _args: Any) -> dict[str, Any]:
        if error is not None:
            raise error
        return {}

    assert _run(config, job) == code
    told, _, log = capsys.readouterr().err.partition("full log: ")
    assert told == message
    assert _Session.stopped == 1
    record = _record(config.parent)
    assert record["exit_code"] == record["jobs"]["prepare"]["exit_code"] == code
    if error is not None:
        assert type(error).__name__ in Path(log.strip()).read_text()


@pytest.mark.usefixtures("spark_is_not_needed")
def test_an_unexpected_error_is_a_line_and_its_traceback_in_the_log(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def job(_config: Any, _spark: Any, _args: Any) -> dict[str, Any]:
        raise ValueError("a bug of ours")

    assert _run(config, job) == 1
    error, log = capsys.readouterr().err.splitlines()
    assert error == "error: ValueError: a bug of ours"
    written = Path(log.removeprefix("full log: ")).read_text()
    assert "Traceback (most recent call last)" in written
    assert _record(config.parent)["jobs"]["prepare"]["error"] == "ValueError: a bug of ours"


@pytest.mark.usefixtures("spark_is_not_needed")
def test_the_job_gets_its_config_with_overrides(config: Path) -> None:
    seen = []

    def job(config: Any, _spark: Any, args: Any) -> dict[str, Any]:
        seen.append((config.name, config.boosting.rounds, args.config))
        return {}

    assert _run(config, job, "--set", "name=other", "--set", "boosting.rounds=3") == 0
    assert seen == [("other", 3, str(config))]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["boosting.round=3"], "boosting.round: unknown key; did you mean rounds?"),
        (["bagging.replicas=0"], "bagging: BaggingClassifier: replicas must be from 1 to 100000"),
        (["nonsense"], "--set nonsense: expected dotted.key=value"),
    ],
)
def test_a_config_error_ends_before_spark_starts(
    config: Path,
    overrides: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("Spark was started")

    monkeypatch.setattr(session, "make_session", never)
    more = [part for item in overrides for part in ("--set", item)]
    assert _run(config, lambda *_: None, *more) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert told.count("\n") == 1


def test_a_missing_config_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing.yaml"
    assert _run(missing, lambda *_: None) == 2
    assert capsys.readouterr().err == f"error: {missing}: no such file\n"


def test_every_problem_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> int:
        raise ConfigError(["a.yaml: x: wrong", "a.yaml: y: missing"])

    assert guarded(refuse) == 2
    assert capsys.readouterr().err == "error: a.yaml: x: wrong\na.yaml: y: missing\n"


def test_a_job_needs_spark_submit(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    assert _run(config, lambda *_: None) == 2
    assert "start the job with spark-submit" in capsys.readouterr().err
