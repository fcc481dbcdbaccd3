from __future__ import annotations

import json
from collections.abc import Callable

import boto3
import pytest

from tests.cli.emr.launching import REGION, Launching
from tests.emr.lossy import Loss

Said = Callable[..., str]


@pytest.fixture
def said(launched: Launching, capsys: pytest.CaptureFixture[str]) -> Said:
    """What `status` says of a cluster that was launched."""
    assert launched.create("--no-wait", "--unchecked") == 0
    capsys.readouterr()

    def status(*more: str) -> str:
        assert launched.emr("status", launched.name, *more) == 0
        return capsys.readouterr().out

    return status


def test_all_that_is_known_is_shown_of_fleets_that_moto_lacks(
    launched: Launching, said: Said
) -> None:
    launched.nodes.provisioned["CORE"] = 1
    launched.nodes.instances[2]["Status"]["State"] = "BOOTSTRAPPING"
    shown = said()
    assert f"cluster  {launched.id} (emr-ensembles-{launched.name}-" in shown
    assert "state    WAITING" in shown
    assert "primary  1 of 1 nodes, RUNNING" in shown
    assert "core     1 of 2 nodes, RUNNING" in shown
    assert "nodes    1 BOOTSTRAPPING, 2 RUNNING" in shown
    assert "costs    at most 3.25 an hour" in shown
    assert "idle     ends by itself after 30 minutes idle: about " in shown
    assert f"logs     {launched.base}/logs/" in shown
    assert "step" not in shown


def test_steps_are_shown_with_their_states(launched: Launching, said: Said) -> None:
    emr = boto3.client("emr", region_name=REGION)
    jar = {"Jar": "command-runner.jar", "Args": ["true"]}
    for name in ("first", "second"):
        step = {"Name": name, "HadoopJarStep": jar}
        emr.add_job_flow_steps(JobFlowId=launched.id, Steps=[step])
    *_, head, first, second = said().splitlines()
    assert head.split() == ["step", "state", "took", "name"]
    assert first.split()[1::2][0] == "RUNNING"
    assert first.endswith("first")
    assert second.split()[1:] == ["PENDING", "-", "second"]
    data = json.loads(said("--json"))
    assert [each["name"] for each in data["steps"]] == ["first", "second"]


def test_programs_get_the_same_as_json(launched: Launching, said: Said) -> None:
    data = json.loads(said("--json"))
    assert data["cluster"]["id"] == launched.id
    assert data["ours"] is True
    assert data["record"].startswith(f"{launched.base}/clusters/")
    assert [each["provisioned"] for each in data["fleets"]] == [1, 2]
    assert len(data["instances"]) == 3
    assert data["costs"].startswith("at most 3.25 an hour")
    assert data["idle_minutes"] == 30
    assert (data["why"], data["not_known"]) == ([], [])


def test_one_that_failed_says_why(launched: Launching, said: Said) -> None:
    launched.nodes.becomes("TERMINATED_WITH_ERRORS", "INSTANCE_FLEET_TIMEOUT", "no Spot in time")
    shown = said()
    assert "state    TERMINATED_WITH_ERRORS: no Spot in time" in shown
    assert "why      INSTANCE_FLEET_TIMEOUT: no Spot in time" in shown
    assert "why      what to do: EC2 had no Spot capacity in time" in shown


def test_lost_answers_are_asked_for_again(launched: Launching, said: Said) -> None:
    for operation in ("DescribeCluster", "ListInstanceFleets", "ListInstances", "ListSteps"):
        launched.proxy.lose(operation, Loss.DROPPED)
    assert "WAITING" in said()


def test_of_a_cluster_of_others_what_is_not_known_is_told(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    emr = boto3.client("emr", region_name=REGION)
    instances = {"KeepJobFlowAliveWhenNoSteps": True}
    other = emr.run_job_flow(Name="theirs", Instances=instances, ReleaseLabel="emr-7.1.0")
    launched.proxy.answer("ListInstanceFleets", lambda _: {"InstanceFleets": "groups"})  # refused
    assert launched.emr("status", other["JobFlowId"]) == 0
    shown = capsys.readouterr().out
    assert "origin   not created by emr-ensembles" in shown
    assert "unknown  AWS: elasticmapreduce:ListInstanceFleets" in shown
    assert "has no tag emr-ensembles-record" in shown
    assert "logs     none on S3" in shown


def test_a_cluster_that_nobody_knows_is_the_users_error(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.emr("status", "no-such-name") == 2
    assert "no cluster no-such-name in us-east-1" in capsys.readouterr().err


def test_nodes_that_were_lost_are_shown_with_why(launched: Launching, said: Said) -> None:
    reason = {"Message": "Spot was taken back"}
    launched.nodes.instances[2]["Status"] = {"State": "TERMINATED", "StateChangeReason": reason}
    assert "lost     node i-core1 (g5.2xlarge) ended: Spot was taken back" in said()
    reasons = [each["reason"] for each in json.loads(said("--json"))["instances"]]
    assert reasons == ["", "", "Spot was taken back"]
