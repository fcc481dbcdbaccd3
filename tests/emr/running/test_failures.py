from __future__ import annotations

import gzip
import re
import uuid
from typing import Any

import pytest

from pipeline import files
from pipeline.emr.running.failures import (
    PARTS,
    BootstrapFailure,
    another_type_may_do,
    bootstrap_failure,
    bootstrap_tails,
    why_ended,
)
from pipeline.emr.running.states import Cluster
from tests.emr.clusters.samples import ROOT


def ended(code: str, message: str, *details: dict[str, Any], logs: str | None = None) -> Cluster:
    return Cluster(
        "j-1", "small", "TERMINATED_WITH_ERRORS", code, message, details=details, logs=logs
    )


def detail(code: str, message: str, **data: str) -> dict[str, Any]:
    pairs = [{key.replace("_", "-"): value} for key, value in data.items()]
    return {"ErrorCode": code, "ErrorMessage": message, "ErrorData": pairs}


NON_ZERO = detail(
    "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE",
    "The primary instance failed",
    primary_instance_id="i-0abc",
    bootstrap_action="1",
    return_code="11",
    public_doc="https://docs",
)


def test_the_meanings_of_return_codes_are_those_of_the_scripts_own_guide() -> None:
    readme = (ROOT / "bootstrap" / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+\.sh)` \|.*\| (\d+) \|$", readme, re.MULTILINE)
    assert {int(code): script for script, code in rows} == {
        code: text.partition(",")[0] for code, text in PARTS.items()
    }


def test_a_failed_bootstrap_action_names_its_node_and_the_part_that_failed() -> None:
    said = why_ended(ended("BOOTSTRAP_FAILURE", "On the master instance", NON_ZERO))
    assert said[0] == "BOOTSTRAP_FAILURE: On the master instance"
    assert (
        "bootstrap action 1 failed on i-0abc with return code 11: environment.sh, which installs "
        "Python 3.11 and the packed environment"
    ) in said
    assert "https://docs" not in " ".join(said)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "On the master instance (i-96c21a39), bootstrap action 2 returned a non-zero return "
            "code",
            BootstrapFailure(("i-96c21a39",), 2),
        ),
        (
            "On 2 slave instances (including i-105af6bf and i-b659f519), bootstrap action 1 "
            "returned a non-zero return code",
            BootstrapFailure(("i-105af6bf", "i-b659f519"), 1),
        ),
        ("bootstrap action 1 timed out", BootstrapFailure((), 1)),
        ("Failed to start", None),
    ],
)
def test_without_details_emrs_sentence_is_read(
    message: str, found: BootstrapFailure | None
) -> None:
    assert bootstrap_failure(ended("BOOTSTRAP_FAILURE", message)) == found


@pytest.mark.parametrize(
    ("cluster", "remedy"),
    [
        (ended("INSTANCE_FLEET_TIMEOUT", "Spot instances were not"), "limits.spot_timeout"),
        (
            ended(
                "INTERNAL_ERROR",
                "The instance type is short",
                detail(
                    "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", "text", instance_type="g5.xlarge"
                ),
            ),
            "EC2 has no room for the type at the moment",
        ),
        (
            ended("VALIDATION_ERROR", "You have requested more vCPU capacity than your limit"),
            "Service Quotas",
        ),
        (ended("VALIDATION_ERROR", "Instance type g9 is not supported"), "instances check"),
        (ended("VALIDATION_ERROR", "Service role is not authorized to call EC2"), "roles.service"),
        (
            ended(
                "BOOTSTRAP_FAILURE",
                "text",
                detail("BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY", "no file"),
            ),
            "instance profile may read the bucket",
        ),
    ],
)
def test_each_kind_of_failure_has_its_remedy(cluster: Cluster, remedy: str) -> None:
    last = why_ended(cluster)[-1]
    assert last.startswith("what to do: ")
    assert remedy in last


@pytest.mark.parametrize(
    ("code", "message", "may"),
    [
        ("INTERNAL_ERROR", "There is insufficient capacity for the requested type", True),
        ("VALIDATION_ERROR", "You have requested more vCPU capacity than your limit", True),
        ("INSTANCE_FLEET_TIMEOUT", "no Spot capacity", True),
        ("VALIDATION_ERROR", "Instance type g9 is not supported", True),
        ("BOOTSTRAP_FAILURE", "On the master instance (i-0abc), bootstrap action 1 failed", False),
        ("VALIDATION_ERROR", "Service role is not authorized to call EC2", False),
        ("USER_REQUEST", "Terminated by user request", False),
    ],
)
def test_only_a_want_of_its_types_lets_a_cluster_be_tried_with_others(
    code: str, message: str, may: bool
) -> None:
    assert another_type_may_do(ended(code, message)) is may


def test_an_end_on_request_needs_no_remedy() -> None:
    assert why_ended(ended("USER_REQUEST", "Terminated by user request")) == [
        "USER_REQUEST: Terminated by user request"
    ]
    assert why_ended(ended("", "")) == ["EMR does not say why"]


def test_data_of_a_detail_are_told() -> None:
    short = detail("CODE", "text", instance_type="g5.xlarge", availability_zone="eu-west-1a")
    said = why_ended(ended("INTERNAL_ERROR", "", short))
    assert said[1] == "CODE: text (instance-type g5.xlarge, availability-zone eu-west-1a)"


@pytest.mark.parametrize(("code", "said"), [(2, "wrong arguments"), (77, "had not expected")])
def test_other_return_codes_have_a_meaning_too(code: int, said: str) -> None:
    assert said in BootstrapFailure((), 1, code).sentence


def test_the_log_of_the_action_that_failed_is_read_where_it_failed(s3: str) -> None:
    logs = f"{s3}/{uuid.uuid4().hex}/"
    failure = BootstrapFailure(("i-0abc",), 2, 11)
    cluster = ended("BOOTSTRAP_FAILURE", "", logs=logs)
    assert bootstrap_tails(cluster, failure, 2) == []
    for node, action, name, text in (
        ("i-0abc", 2, "stderr", "one\ntwo\nthree\n"),
        ("i-0abc", 2, "controller", "controller\n"),
        ("i-0abc", 1, "stderr", "other action\n"),
        ("i-0def", 2, "stderr", "other node\n"),
    ):
        uri = f"{logs}j-1/node/{node}/bootstrap-actions/{action}/{name}.gz"
        files.create_bytes(uri, gzip.compress(text.encode()))
    [found] = bootstrap_tails(cluster, failure, 2)
    assert found.lines == ("two", "three")
    assert found.uri == f"{logs}j-1/node/i-0abc/bootstrap-actions/2/stderr.gz"
    assert bootstrap_tails(ended("BOOTSTRAP_FAILURE", ""), failure, 2) == []
