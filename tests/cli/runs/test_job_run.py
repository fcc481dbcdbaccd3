"""The record that a job leaves, however it ends, on a disk and on S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline import files, progress
from pipeline.cli.job_config import JobConfig
from pipeline.cli.runs.job_run import JobRun
from pipeline.errors import AccessError, DataError
from pipeline.store import runs
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.cli.runs.made import config_of


@pytest.fixture
def config(place: str, tmp_path: Path) -> JobConfig:
    return config_of(
        tmp_path, output=place, spark={"spark.hadoop.fs.s3a.secret.key": "hush", "spark.x": "1"}
    )


def job_of(config: JobConfig) -> dict[str, Any]:
    (run_id,) = list_runs(config.output)
    return dict(read_run(RunPlace(config.output, run_id))["jobs"]["boost"])


def test_a_job_by_itself_is_a_run(config: JobConfig) -> None:
    with JobRun("boost", config, None, {"config": "job.yaml"}) as run:
        assert job_of(config)["outcome"] == "running"
        run.note(outputs={"boosting": "there"}, metrics={"boosting": {"auc": 0.5}})
    record = read_run(RunPlace(config.output, run.run_id))
    assert (record["outcome"], record["exit_code"]) == ("success", 0)
    assert record["arguments"] == {"config": "job.yaml"}
    assert record["config"]["columns"]["label"] == "y"
    assert job_of(config)["metrics"] == {"boosting": {"auc": 0.5}}
    assert job_of(config)["seconds"] >= 0


def test_a_record_holds_no_secret(config: JobConfig) -> None:
    given = {"overrides": ["spark.spark.hadoop.fs.s3a.secret.key=hush", "seed=3"]}
    with JobRun("boost", config, None, given) as run:
        pass
    record = read_run(RunPlace(config.output, run.run_id))
    assert record["config"]["spark"]["spark.x"] == "1"
    assert record["arguments"]["overrides"][1] == "seed=3"
    assert "hush" not in str(record)
    assert b"hush" not in files.read_bytes(job_of(config)["log"])


def test_a_failure_is_recorded_with_its_cause_and_its_log(config: JobConfig) -> None:
    def fails() -> None:
        with JobRun("boost", config, None, {}):
            raise DataError("column y is null in 5 rows")

    with pytest.raises(DataError) as raised:
        fails()
    job = job_of(config)
    assert (job["outcome"], job["exit_code"]) == ("failed", 2)
    assert job["error"] == "column y is null in 5 rows"
    (note,) = raised.value.__notes__
    assert note.startswith("full log: ")
    assert b"Traceback (most recent call last)" in files.read_bytes(job["log"])


def test_a_job_of_a_run_leaves_the_runs_end_to_it(config: JobConfig) -> None:
    place = RunPlace(config.output, "nightly")
    runs.begin(place, {"of": "run"})
    for job in ("boost", "deep"):
        with JobRun(job, config, "nightly", {}):
            pass
    record = read_run(place)
    assert record["outcome"] == "running"
    assert list(record["jobs"]) == ["boost", "deep"]


def test_a_run_of_jobs_that_a_scheduler_starts_has_their_outcome(config: JobConfig) -> None:
    def fails() -> None:
        with JobRun("deep", config, "nightly", {}):
            raise DataError("column y is null in 5 rows")

    place = RunPlace(config.output, "nightly")
    with JobRun("boost", config, "nightly", {}):
        assert read_run(place)["outcome"] == "running"
    assert read_run(place)["outcome"] == "success"
    with pytest.raises(DataError):
        fails()
    assert (read_run(place)["outcome"], read_run(place)["exit_code"]) == ("failed", 2)


def test_steps_are_kept_with_the_record(config: JobConfig) -> None:
    run = JobRun("boost", config, None, {})
    with run, progress.track("boosting", "round", 2) as tracker:
        tracker.step(1, logloss=0.5)
        tracker.step(2, logloss=0.4)
    events = RunPlace(config.output, run.run_id).job_uri("boost", "events.jsonl")
    lines = files.read_bytes(events).decode().splitlines()
    assert len(lines) == 2
    assert "0.4" in lines[-1]


@pytest.mark.parametrize("key", ["output", "scratch"])
def test_a_place_that_cannot_be_written_is_said_before_spark_starts(
    tmp_path: Path, key: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    config = config_of(tmp_path, **{key: str(tmp_path / "file" / "below")})
    with pytest.raises(AccessError, match=f"^{key}: .*/file/below: cannot be written"):
        JobRun("boost", config, None, {}).__enter__()


def test_a_record_that_cannot_be_written_does_not_hide_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(tmp_path)

    def fails() -> None:
        with JobRun("boost", config, None, {}):
            files.delete(f"{config.output}/runs")
            raise DataError("the first cause")

    with pytest.raises(DataError, match="the first cause"):
        fails()
    assert "was not written" in caplog.text
