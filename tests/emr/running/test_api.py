"""EMR's API against moto over HTTP, with answers that get lost on the way."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline.emr.clusters.request import request
from pipeline.emr.running.api import Emr, is_ours
from pipeline.errors import EnsemblesError, UserError
from tests.emr.clusters import samples
from tests.emr.instances.stubbed import client
from tests.emr.lossy import Loss, Lossy
from tests.emr.nodes import Nodes, Time


@pytest.fixture
def emr(emr_proxy: Lossy, time: Time) -> Emr:
    return Emr("us-east-1", time.sleep, time.clock)


@pytest.fixture
def request_(emr_proxy: Lossy) -> dict[str, Any]:
    """A real cluster's request; its name is the test's own."""
    settings = samples.cluster(name=f"api-{uuid.uuid4().hex}")
    return request(settings, samples.artifacts())


def named(emr: Emr, name: str) -> list[str]:
    return [each.id for each in emr.clusters() if each.name == name]


def test_a_cluster_is_created_with_its_tags_and_found(emr: Emr, request_: dict[str, Any]) -> None:
    found, is_new = emr.create(request_)
    assert is_new
    assert emr.active_of(request_["Name"]) == found
    described = emr.cluster(found)
    assert described.name == request_["Name"]
    assert is_ours(described)
    assert described.logs == request_["LogUri"]


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED, Loss.THROTTLED, Loss.UNHEARD])
@pytest.mark.parametrize("times", [1, 2])
def test_whatever_gets_lost_there_is_one_cluster(
    emr: Emr, emr_proxy: Lossy, request_: dict[str, Any], loss: Loss, times: int
) -> None:
    emr_proxy.lose("RunJobFlow", *[loss] * times)
    found, is_new = emr.create(request_)
    assert is_new
    assert named(emr, request_["Name"]) == [found]
    assert emr_proxy.done["RunJobFlow"] == 1


def test_a_cluster_that_is_active_is_not_created_again(
    emr: Emr, emr_proxy: Lossy, request_: dict[str, Any]
) -> None:
    first, _ = emr.create(request_)
    assert emr.create(request_) == (first, False)
    assert emr_proxy.asked["RunJobFlow"] == 1


def test_one_that_has_ended_is_created_again(emr: Emr, request_: dict[str, Any]) -> None:
    first, _ = emr.create(request_)
    emr.terminate(first)
    second, is_new = emr.create(request_)
    assert is_new
    assert sorted(named(emr, request_["Name"])) == sorted([first, second])


def test_two_active_ones_of_a_name_are_told_and_nothing_is_created(
    emr: Emr, emr_proxy: Lossy, request_: dict[str, Any]
) -> None:
    for _ in range(2):
        emr.client.run_job_flow(**request_)
    with pytest.raises(UserError, match=r"2 clusters of this name are active: j-.*, j-"):
        emr.create(request_)
    assert emr_proxy.asked["RunJobFlow"] == 2


def test_ending_a_cluster_survives_lost_answers_and_repeats(
    emr: Emr, emr_proxy: Lossy, request_: dict[str, Any]
) -> None:
    found, _ = emr.create(request_)
    emr_proxy.lose("TerminateJobFlows", Loss.DROPPED)
    emr.terminate(found)
    emr.terminate(found)
    assert emr.cluster(found).has_ended


def test_a_cluster_that_is_not_there_is_the_users_error(emr: Emr) -> None:
    with pytest.raises(UserError, match="no cluster j-NONE in us-east-1"):
        emr.cluster("j-NONE")


def test_instances_are_asked_for_by_state_which_moto_lacks(
    emr: Emr, emr_proxy: Lossy, request_: dict[str, Any]
) -> None:
    nodes = Nodes(emr_proxy)
    found, _ = emr.create(request_)
    nodes.instances[0]["Status"]["State"] = "TERMINATED"
    assert [each.id for each in emr.instances(found)] == nodes.ids()
    assert [each.id for each in emr.instances(found, ("RUNNING",))] == nodes.ids()[1:]
    assert [each.role for each in emr.fleets(found)] == ["MASTER", "CORE"]


@pytest.fixture
def stubbed(time: Time) -> Iterator[tuple[Emr, Stubber]]:
    emr = Emr("eu-west-1", time.sleep, time.clock)
    stub = Stubber(client("emr"))
    emr.__dict__["client"] = emr.__dict__["client_once"] = stub.client
    with stub:
        yield emr, stub


def test_a_request_that_emr_refuses_is_the_users_error_by_stubber(
    stubbed: tuple[Emr, Stubber], request_: dict[str, Any]
) -> None:
    emr, stub = stubbed
    stub.add_response("list_clusters", {"Clusters": []})
    stub.add_client_error("run_job_flow", "ValidationException", "no such role", 400)
    with pytest.raises(UserError, match="EMR refuses the request: no such role"):
        emr.create(request_)


def test_a_missing_right_is_named_by_stubber(
    stubbed: tuple[Emr, Stubber], request_: dict[str, Any]
) -> None:
    emr, stub = stubbed
    stub.add_response("list_clusters", {"Clusters": []})
    stub.add_client_error("run_job_flow", "AccessDeniedException", "no", 400)
    with pytest.raises(UserError, match="elasticmapreduce:RunJobFlow in eu-west-1: not allowed"):
        emr.create(request_)


def test_clusters_come_the_newest_first_in_whatever_order_they_are_listed_by_stubber(
    stubbed: tuple[Emr, Stubber],
) -> None:
    emr, stub = stubbed
    listed = [
        {
            "Id": f"j-{hour}",
            "Name": "name",
            "Status": {
                "State": "WAITING",
                "Timeline": {
                    "CreationDateTime": datetime.datetime(2026, 11, 29, hour, tzinfo=datetime.UTC)
                },
            },
        }
        for hour in (8, 10, 9)
    ]
    stub.add_response("list_clusters", {"Clusters": listed[:2], "Marker": "next"})
    stub.add_response("list_clusters", {"Clusters": listed[2:]})
    assert [each.id for each in emr.clusters()] == ["j-10", "j-9", "j-8"]


def test_steps_are_cancelled_also_those_that_run_by_stubber(stubbed: tuple[Emr, Stubber]) -> None:
    emr, stub = stubbed
    asked = {"ClusterId": "j-1", "StepIds": ["s-1"], "StepCancellationOption": "SEND_INTERRUPT"}
    stub.add_response("cancel_steps", {}, asked)
    emr.cancel("j-1", ["s-1"])
    stub.assert_no_pending_responses()


def test_all_pages_of_fleets_are_read_by_stubber(stubbed: tuple[Emr, Stubber]) -> None:
    emr, stub = stubbed
    for role, marker in (("MASTER", {"Marker": "next"}), ("CORE", {})):
        fleet = {"Id": f"if-{role}", "InstanceFleetType": role}
        stub.add_response("list_instance_fleets", {"InstanceFleets": [fleet], **marker})
    assert [each.role for each in emr.fleets("j-1")] == ["MASTER", "CORE"]


def test_groups_in_the_place_of_fleets_are_not_an_answer_by_stubber(
    stubbed: tuple[Emr, Stubber],
) -> None:
    emr, stub = stubbed
    stub.add_client_error("list_instance_fleets", "InvalidRequestException", "groups", 400)
    with pytest.raises(EnsemblesError, match=r"ListInstanceFleets in eu-west-1: .*groups"):
        emr.fleets("j-1")
