"""Values of what EMR says; the samples are held against botocore's shapes."""

from __future__ import annotations

import datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from pipeline.emr.running.states import (
    ENDED,
    NOT_ENDED,
    cluster_of,
    fleet_of,
    instance_of,
    step_of,
)

NOON = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.UTC)


def emr_says(shape: str, said: dict[str, Any]) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model("emr")
    validate_parameters(said, model.shape_for(shape))
    return said


def test_a_cluster_with_all_that_can_be_told() -> None:
    detail = {"ErrorCode": "CODE", "ErrorMessage": "text", "ErrorData": [{"key": "value"}]}
    said = {
        "Id": "j-1",
        "Name": "name",
        "LogUri": "s3n://bucket/logs/",
        "TerminationProtected": True,
        "StepConcurrencyLevel": 3,
        "Tags": [{"Key": "k", "Value": "v"}],
        "Status": {
            "State": "TERMINATED_WITH_ERRORS",
            "StateChangeReason": {"Code": "BOOTSTRAP_FAILURE", "Message": "why"},
            "Timeline": {"CreationDateTime": NOON, "EndDateTime": NOON},
            "ErrorDetails": [detail],
        },
    }
    found = cluster_of(emr_says("Cluster", said))
    assert (found.code, found.message, found.details) == ("BOOTSTRAP_FAILURE", "why", (detail,))
    assert found.logs == "s3://bucket/logs/"
    assert found.tags == {"k": "v"}
    assert (found.protected, found.step_concurrency) == (True, 3)
    assert (found.created, found.ready, found.ended) == (NOON, None, NOON)


def test_a_listed_cluster_tells_less() -> None:
    said = {"Id": "j-1", "Name": "name", "Status": {"State": "STARTING", "Timeline": {}}}
    found = cluster_of(emr_says("ClusterSummary", said))
    assert (found.tags, found.logs, found.protected, found.details) == ({}, None, False, ())


@pytest.mark.parametrize(
    ("state", "is_active", "is_up", "has_ended"),
    [
        ("STARTING", True, False, False),
        ("BOOTSTRAPPING", True, False, False),
        ("RUNNING", True, True, False),
        ("WAITING", True, True, False),
        ("TERMINATING", False, False, False),
        ("TERMINATED", False, False, True),
        ("TERMINATED_WITH_ERRORS", False, False, True),
    ],
)
def test_what_each_state_of_emr_means(
    state: str, is_active: bool, is_up: bool, has_ended: bool
) -> None:
    found = cluster_of({"Id": "j-1", "Name": "name", "Status": {"State": state}})
    assert (found.is_active, found.is_up, found.has_ended) == (is_active, is_up, has_ended)


def test_the_states_are_all_that_emr_has() -> None:
    model = botocore.session.get_session().get_service_model("emr")
    assert set(NOT_ENDED) | set(ENDED) == set(model.shape_for("ClusterState").enum)


def test_a_failed_step_tells_why() -> None:
    said = {
        "Id": "s-1",
        "Name": "step",
        "Config": {"Args": ["spark-submit", "x.py"]},
        "Status": {
            "State": "FAILED",
            "FailureDetails": {"Reason": "r", "Message": "m", "LogFile": "s3n://bucket/log"},
            "Timeline": {"StartDateTime": NOON},
        },
    }
    found = step_of(emr_says("StepSummary", said))
    assert (found.reason, found.message, found.log_file) == ("r", "m", "s3://bucket/log")
    assert found.arguments == ("spark-submit", "x.py")
    assert not found.is_unfinished
    assert not found.is_done


@pytest.mark.parametrize("key", ["InstanceFleetId", "InstanceGroupId"])
def test_an_instance_is_known_by_its_id_in_ec2(key: str) -> None:
    said = {
        "Id": "ci-1",
        "Ec2InstanceId": "i-1",
        "InstanceType": "g5.xlarge",
        key: "group",
        "Status": {"State": "TERMINATED", "StateChangeReason": {"Message": "gone"}},
    }
    found = instance_of(emr_says("Instance", said))
    assert (found.id, found.group, found.reason) == ("i-1", "group", "gone")
    assert found.created is None


def test_a_fleets_units_are_those_of_both_markets() -> None:
    said = {
        "Id": "if-1",
        "InstanceFleetType": "TASK",
        "TargetOnDemandCapacity": 1,
        "TargetSpotCapacity": 6,
        "ProvisionedSpotCapacity": 4,
        "Status": {"State": "RESIZING", "StateChangeReason": {"Message": "more come"}},
    }
    found = fleet_of(emr_says("InstanceFleet", said))
    assert (found.wanted, found.provisioned, found.message) == (7, 4, "more come")
