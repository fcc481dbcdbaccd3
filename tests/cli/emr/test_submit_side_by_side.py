"""`emr submit` to a cluster that runs several steps at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.output_places import JOBS
from pipeline.errors import UserError
from tests.cli.emr.submitting import SMALL, Submitting, submitting


@pytest.fixture
def side_by_side(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submitting:
    """A cluster that runs three steps at once, and trainers that fit there together."""
    return submitting(s3, tmp_path, monkeypatch, at_once=3, spark=SMALL)


def test_where_several_steps_run_at_once_trainers_that_fit_run_side_by_side(
    side_by_side: Submitting,
) -> None:
    seen: list[set[str]] = []

    def look() -> None:
        running = {job for job, state in side_by_side.cluster.states if state == "RUNNING"}
        seen.append(running)

    side_by_side.cluster.before = [look] * 20
    assert side_by_side.submit() == 0
    assert {step.action_on_failure for step in side_by_side.cluster.steps} == {"CONTINUE"}
    assert side_by_side.cluster.states == [(job, "COMPLETED") for job in JOBS]
    assert {"bag", "boost", "deep"} in seen
    assert all(len(jobs & {"prepare", "score", "report"}) <= 1 for jobs in seen)
    assert side_by_side.record()["outcome"] == "success"


def test_where_several_steps_run_at_once_the_command_goes_on_where_the_sequence_is(
    side_by_side: Submitting, caplog: pytest.LogCaptureFixture
) -> None:
    more = ("--jobs", "prepare", "boost", "deep", "report")
    assert side_by_side.submit(*more, "--no-wait") == 0
    assert side_by_side.cluster.states == [("prepare", "RUNNING")]
    assert "goes on with boost, deep, report, when these are done" in caplog.text
    side_by_side.cluster.sleep(0)
    side_by_side.cluster.sleep(0)
    assert side_by_side.submit(*more, "--no-wait") == 0
    assert [job for job, _ in side_by_side.cluster.states] == ["prepare", "boost", "deep"]
    assert "goes on with report, when these are done" in caplog.text
    assert side_by_side.submit(*more) == 0
    assert [job for job, _ in side_by_side.cluster.states] == list(more[1:])
    assert side_by_side.record(0) == side_by_side.record()
    assert side_by_side.record()["outcome"] == "success"


def test_beside_a_trainer_that_fails_the_others_end_and_nothing_follows(
    side_by_side: Submitting,
) -> None:
    side_by_side.cluster.fails["boost"] = UserError("no")
    assert side_by_side.submit() == 2
    assert dict(side_by_side.cluster.states) == {
        **{"prepare": "COMPLETED", "bag": "COMPLETED"},
        **{"boost": "FAILED", "deep": "COMPLETED"},
    }
