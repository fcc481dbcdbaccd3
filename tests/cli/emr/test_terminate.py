from __future__ import annotations

import boto3
import pytest

from tests.cli.emr.launching import REGION, Launching
from tests.emr.lossy import Loss


@pytest.fixture
def up(launched: Launching, capsys: pytest.CaptureFixture[str]) -> Launching:
    assert launched.create("--no-wait", "--unchecked") == 0
    capsys.readouterr()
    return launched


def test_a_cluster_is_ended_by_its_name_and_repeating_it_is_harmless(
    up: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    assert up.emr("terminate", up.name) == 0
    assert "was waiting and is ending; it lived" in caplog.text
    assert up.clusters()[0].has_ended
    assert up.emr("terminate", up.name) == 0
    assert up.emr("terminate", up.id) == 0
    assert caplog.text.count("has ended already: terminated") == 2
    assert up.proxy.asked["TerminateJobFlows"] == 1


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED, Loss.THROTTLED, Loss.UNHEARD])
def test_a_lost_answer_does_not_matter(up: Launching, loss: Loss) -> None:
    up.proxy.lose("TerminateJobFlows", loss)
    assert up.emr("terminate", up.id) == 0
    assert up.clusters()[0].has_ended


def test_steps_that_end_with_it_are_named(up: Launching, caplog: pytest.LogCaptureFixture) -> None:
    step = {"Name": "training", "HadoopJarStep": {"Jar": "command-runner.jar"}}
    boto3.client("emr", region_name=REGION).add_job_flow_steps(JobFlowId=up.id, Steps=[step])
    assert up.emr("terminate", up.id) == 0
    assert "(training) was running and ends with it" in caplog.text


def test_a_protected_one_is_not_ended_and_the_way_out_is_told(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    emr = boto3.client("emr", region_name=REGION)
    emr.set_termination_protection(JobFlowIds=[up.id], TerminationProtected=True)
    assert up.emr("terminate", up.id) == 2
    said = capsys.readouterr().err
    assert "is protected from being ended" in said
    assert f"modify-cluster-attributes --cluster-id {up.id} --no-termination-protected" in said
    assert not up.clusters()[0].has_ended


def test_its_end_is_waited_for_when_asked_to_by_states_that_moto_lacks(
    up: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    up.nodes.becomes("TERMINATING")
    up.time.events = [lambda: None, lambda: up.nodes.becomes("TERMINATED")]
    assert up.emr("terminate", up.id, "--wait") == 0
    assert "is ending already" in caplog.text
    assert caplog.text.rstrip().endswith("has ended")
    assert up.proxy.asked["TerminateJobFlows"] == 0


def test_an_end_that_does_not_come_is_told(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    up.nodes.becomes("TERMINATING")
    assert up.emr("terminate", up.id, "--wait") == 1
    assert "has not ended within 30 minutes and is terminating" in capsys.readouterr().err


def test_one_of_others_is_ended_by_its_id_and_called_so(
    up: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    emr = boto3.client("emr", region_name=REGION)
    instances = {"KeepJobFlowAliveWhenNoSteps": True}
    other = emr.run_job_flow(Name="theirs", Instances=instances, ReleaseLabel="emr-7.1.0")
    assert up.emr("terminate", other["JobFlowId"]) == 0
    assert "(theirs), not created by emr-ensembles, was waiting and is ending" in caplog.text


@pytest.mark.parametrize("loss", [Loss.DENIED, Loss.EXPIRED])
def test_steps_that_cannot_be_listed_do_not_keep_it_from_ending(
    up: Launching, caplog: pytest.LogCaptureFixture, loss: Loss
) -> None:
    up.proxy.lose("ListSteps", loss)
    assert up.emr("terminate", up.id) == 0
    assert up.clusters()[0].has_ended
    assert "which steps end with it is not known" in caplog.text


def test_it_is_ended_before_anything_else_is_asked(up: Launching) -> None:
    asked_before = []
    up.proxy.change(
        "ListSteps", lambda said: (asked_before.append(up.clusters()[0].has_ended), said)[1]
    )
    assert up.emr("terminate", up.id) == 0
    assert asked_before == [True]
