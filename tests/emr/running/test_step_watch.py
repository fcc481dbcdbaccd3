"""Answers of EMR are given by Stubber, in the order in which they are asked for."""

from __future__ import annotations

import datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipeline.emr.running.api import Emr
from pipeline.emr.running.states import Step
from pipeline.emr.running.step_watch import duration, run_time, watched


def stubbed(answers: list[tuple[str, list[tuple[str, str]]]]) -> Emr:
    """EMR that says in turn these states: of the cluster, and of steps by their ids."""
    emr = Emr("us-east-1", sleep=lambda _: None)
    client = boto3.client(
        "emr", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    stub = Stubber(client)
    for state, steps in answers:
        cluster: dict[str, Any] = {"Id": "j-1", "Name": "c", "Status": {"State": state}}
        stub.add_response("describe_cluster", {"Cluster": cluster}, {"ClusterId": "j-1"})
        listed = [{"Id": i, "Name": i, "Status": {"State": s}} for i, s in reversed(steps)]
        stub.add_response("list_steps", {"Steps": listed}, {"ClusterId": "j-1"})
    stub.activate()
    emr.__dict__["client"] = client
    return emr


def states(emr: Emr, *ids: str) -> list[list[str]]:
    return [[step.state for step in look.steps] for look in watched(emr, "j-1", ids)]


def test_steps_are_watched_until_all_have_ended() -> None:
    emr = stubbed(
        [
            ("RUNNING", [("s-0", "RUNNING"), ("s-1", "RUNNING"), ("s-2", "PENDING")]),
            ("RUNNING", [("s-0", "RUNNING"), ("s-1", "COMPLETED"), ("s-2", "CANCEL_PENDING")]),
            ("RUNNING", [("s-0", "RUNNING"), ("s-1", "COMPLETED"), ("s-2", "CANCELLED")]),
        ]
    )
    assert states(emr, "s-1", "s-2")[-1] == ["COMPLETED", "CANCELLED"]


def test_a_step_that_is_not_listed_yet_has_not_ended() -> None:
    emr = stubbed([("RUNNING", []), ("RUNNING", [("s-1", "COMPLETED")])])
    assert states(emr, "s-1") == [[], ["COMPLETED"]]


def test_of_a_cluster_that_has_ended_nothing_more_is_awaited() -> None:
    emr = stubbed([("TERMINATING", [("s-1", "RUNNING")]), ("TERMINATED", [("s-1", "RUNNING")])])
    assert states(emr, "s-1") == [["RUNNING"], ["RUNNING"]]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_900, "1 h 05 min")],
)
def test_durations_are_as_long_as_needed(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_step_has_run_from_its_start_to_its_end() -> None:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    end = start + datetime.timedelta(minutes=90)
    assert run_time(Step("s", "n", "COMPLETED", started=start, ended=end)) == "1 h 30 min"
    assert run_time(Step("s", "n", "PENDING")) == ""
