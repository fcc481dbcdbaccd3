from __future__ import annotations

import datetime
import logging
from pathlib import Path

import pytest

from pipeline import progress
from pipeline.cli.emr.step_progress import StepProgress
from pipeline.emr.running.states import Cluster, Step
from pipeline.progress import Step as Event
from pipeline.store.runs import RunPlace

AGO = datetime.timedelta(minutes=12, seconds=30)
CLUSTER = Cluster("j-1", "c", "RUNNING")


@pytest.fixture(autouse=True)
def everything_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pipeline")


def step(state: str) -> dict[str, Step]:
    start = datetime.datetime.now(datetime.UTC) - AGO
    return {"boost": Step("s-1", "n", state, started=None if state == "PENDING" else start)}


def test_each_change_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = StepProgress(RunPlace(str(tmp_path), "r"))
    for state in ("PENDING", "PENDING", "RUNNING", "RUNNING", "COMPLETED"):
        told.tell(CLUSTER, step(state))
    assert caplog.messages == [
        "boost: step s-1 is pending",
        "boost: step s-1 is running",
        "boost: step s-1 is completed after 12 min",
    ]


def test_now_and_then_it_is_told_how_far_a_job_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = RunPlace(str(tmp_path), "r")
    told = StepProgress(place)
    for _ in range(6):
        told.tell(CLUSTER, step("RUNNING"))
    events = progress.EventFile(place.job_uri("boost", "events.jsonl"))
    for number in (1, 2):
        events(Event("boosting", "round", number, 200, {"auc": 0.75, "x": float("nan")}, number))
    events.close()
    for _ in range(6):
        told.tell(CLUSTER, step("RUNNING"))
    assert caplog.messages[1:] == [
        "boost: running for 12 min",
        "boost: running for 12 min, boosting: 2 of 200 rounds, auc 0.7500",
    ]


def test_a_cluster_that_is_going_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = StepProgress(RunPlace(str(tmp_path), "r"))
    told.tell(Cluster("j-1", "c", "TERMINATING"), {})
    assert caplog.messages == ["cluster j-1 is terminating"]
