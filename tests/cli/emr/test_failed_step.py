"""Why a step failed; records and logs lie on a disk, and EMR's own words, which moto lacks, come by
Stubber.
"""

from __future__ import annotations

import datetime
import gzip
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipeline.cli.emr.failed_step import LogPatience, explain
from pipeline.emr.running.api import Emr
from pipeline.emr.running.states import Step
from pipeline.emr.running.step_logs import ClusterLogs
from pipeline.spark.causes import GONE
from pipeline.store import runs
from pipeline.store.runs import RunPlace

STEP = Step("s-1", "n boost run-1", "FAILED")
KILLED = """Application report for application_1_0002 (state: FAILED)
 diagnostics: Application application_1_0002 failed 2 times due to AM Container for appattempt_1
 exited with exitCode: -104
Diagnostics: Container [pid=1] is running 2048B beyond the 'PHYSICAL' memory limit.
 Current usage: 1.2 GB of 1 GB physical memory used;
"""


@pytest.fixture
def place(tmp_path: Path) -> RunPlace:
    place = RunPlace(str(tmp_path / "out"), "run-1")
    runs.begin(place, {})
    return place


@pytest.fixture
def logs(tmp_path: Path) -> ClusterLogs:
    return ClusterLogs(str(tmp_path / "logs"), "j-1")


@pytest.fixture(autouse=True)
def everything_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pipeline")


def no_waiting(_: float) -> None:
    raise AssertionError("it waited")


AT_ONCE = LogPatience(7, no_waiting)


def put(uri: str, text: str) -> None:
    path = Path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def part(place: RunPlace) -> dict[str, Any]:
    found = runs.read_job(place, "boost")
    assert found is not None
    return found


def test_a_driver_that_yarn_killed_for_its_memory_is_told_with_what_to_raise(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    put(logs.of_step("s-1"), KILLED)
    put(logs.of_container("application_1_0002", "container_1_0002_01_000001"), "training\n")
    assert explain("boost", STEP, place, logs, AT_ONCE) == 1
    assert (
        "YARN killed the driver's container for its memory: it used 1.2 GB of 1 GB" in caplog.text
    )
    assert "raise spark.driver.memoryOverhead" in part(place)["error"]


def test_of_an_application_that_never_began_the_steps_own_words_are_shown(
    place: RunPlace, logs: ClusterLogs, capsys: pytest.CaptureFixture[str]
) -> None:
    put(logs.of_step("s-1"), 'Exception in thread "main" java.io.FileNotFoundException: s3://x\n')
    assert explain("boost", STEP, place, logs, AT_ONCE) == 1
    assert f"the last lines of {logs.of_step('s-1')}" in capsys.readouterr().err
    assert part(place)["error"] == "java.io.FileNotFoundException: s3://x"


def test_what_the_job_told_itself_needs_no_logs(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    told = {"outcome": "failed", "exit_code": 2, "error": "no column y"}
    runs.note_job(place, "boost", told)
    assert explain("boost", STEP, place, logs, AT_ONCE) == 2
    assert "boost: no column y" in caplog.text
    assert part(place)["error"] == "no column y"


def test_a_job_that_only_saw_its_driver_go_is_explained_by_logs(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    gone = {"outcome": "failed", "exit_code": 1, "error": f"{GONE}: x"}
    runs.note_job(place, "boost", {**gone, "application": "application_1_0002"})
    put(logs.of_step("s-1"), KILLED)
    put(logs.of_container("application_1_0002", "container_1_0002_01_000001"), "training\n")
    assert explain("boost", STEP, place, logs, AT_ONCE) == 1
    assert "YARN killed the driver's container" in caplog.text


def test_a_job_whose_success_is_recorded_is_not_called_failed(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    runs.note_job(place, "boost", {"outcome": "success", "exit_code": 0})
    assert explain("boost", STEP, place, logs, LogPatience(0, no_waiting)) == 1
    assert "it has recorded its success, and only its step failed" in caplog.text
    assert part(place)["outcome"] == "success"


def test_whoever_ends_the_wait_for_logs_leaves_a_record_that_says_failed(
    place: RunPlace, logs: ClusterLogs
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain("boost", STEP, place, logs, LogPatience(7, interrupted))
    assert part(place)["outcome"] == "failed"


def test_a_cluster_without_logs_is_not_waited_for(
    place: RunPlace, caplog: pytest.LogCaptureFixture
) -> None:
    assert explain("boost", STEP, place, None, AT_ONCE) == 1
    assert "the cluster writes no logs to S3" in caplog.text


def test_emrs_own_words_are_told(place: RunPlace, caplog: pytest.LogCaptureFixture) -> None:
    client = boto3.client(
        "emr", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    details = {
        "Reason": "Unknown Error.",
        "Message": "the process exited",
        "LogFile": "s3n://bucket/logs/j-1/steps/s-1/stderr.gz",
    }
    status = {"State": "FAILED", "FailureDetails": details}
    with Stubber(client) as stub:
        answer = {"Steps": [{"Id": "s-1", "Name": "n", "Status": status}]}
        stub.add_response("list_steps", answer, {"ClusterId": "j-1"})
        emr = Emr("us-east-1")
        emr.__dict__["client"] = client
        (step,) = emr.steps("j-1")
    assert explain("boost", step, place, None, AT_ONCE) == 1
    said = "Unknown Error.; the process exited; s3://bucket/logs/j-1/steps/s-1/stderr.gz"
    assert f"boost: EMR says: {said}" in caplog.text
    assert part(place)["error"] == said


def test_what_emr_brought_while_the_step_still_ran_is_not_taken_for_its_last_words(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    ended = datetime.datetime.now(datetime.UTC)
    uri = logs.of_container("application_1_0002", "container_1_0002_01_000001")
    put(logs.of_step("s-1"), "Submitted application application_1_0002\n")
    put(uri, "round 10\n")
    early = ended.timestamp() - 240
    os.utime(uri, (early, early))

    def brings(_: float) -> None:
        put(uri, "round 10\nerror: the disk is full\n")

    step = replace(STEP, ended=ended)
    assert explain("boost", step, place, logs, LogPatience(7, brings)) == 1
    assert part(place)["error"] == "the disk is full"
    assert "may be older" not in caplog.text


def test_old_logs_are_called_old_when_no_others_come(
    place: RunPlace, logs: ClusterLogs, caplog: pytest.LogCaptureFixture
) -> None:
    ended = datetime.datetime.now(datetime.UTC)
    uri = logs.of_container("application_1_0002", "container_1_0002_01_000001")
    put(logs.of_step("s-1"), "Submitted application application_1_0002\n")
    put(uri, "round 10\n")
    early = ended.timestamp() - 240
    os.utime(uri, (early, early))
    explain("boost", replace(STEP, ended=ended), place, logs, LogPatience(1, lambda _: None))
    assert "what has arrived of its logs may be older than its end" in caplog.text
