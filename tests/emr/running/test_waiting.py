"""Waiting for clusters whose fleets and states are told in moto's place, which has none."""

from __future__ import annotations

import uuid

import pytest

from pipeline.emr.clusters.request import request
from pipeline.emr.running.api import Emr
from pipeline.emr.running.waiting import looks
from tests.emr.clusters import samples
from tests.emr.lossy import Loss, Lossy
from tests.emr.nodes import Nodes, Time


@pytest.fixture
def nodes(emr_proxy: Lossy) -> Nodes:
    nodes = Nodes(emr_proxy)
    nodes.becomes("STARTING")
    return nodes


@pytest.fixture
def emr(nodes: Nodes, time: Time) -> Emr:
    return Emr("us-east-1", time.sleep, time.clock)


@pytest.fixture
def cluster(emr: Emr) -> str:
    settings = samples.cluster(name=f"wait-{uuid.uuid4().hex}")
    return emr.create(request(settings, samples.artifacts()))[0]


def test_a_cluster_is_whole_when_it_is_up_and_all_fleets_have_their_nodes(
    emr: Emr, nodes: Nodes, cluster: str, time: Time
) -> None:
    nodes.provisioned["CORE"] = 0
    nodes.fleet_state = "PROVISIONING"
    time.events = [
        lambda: nodes.becomes("WAITING"),
        lambda: nodes.provisioned.update(CORE=1),
        lambda: nodes.provisioned.update(CORE=2),
        lambda: setattr(nodes, "fleet_state", "RUNNING"),
    ]
    seen = list(looks(emr, cluster, 60))
    assert [look.is_whole for look in seen] == [False] * 4 + [True]
    assert [look.fleets[1].provisioned for look in seen] == [0, 0, 1, 2, 2]
    assert seen[-1].fleets[0].role == "MASTER"


def test_the_wait_goes_on_through_its_end_to_the_reason(
    emr: Emr, nodes: Nodes, cluster: str, time: Time
) -> None:
    time.events = [
        lambda: nodes.becomes("TERMINATING"),
        lambda: nodes.becomes("TERMINATED_WITH_ERRORS", "INTERNAL_ERROR", "no capacity"),
    ]
    *_, last = looks(emr, cluster, 60)
    assert (last.is_whole, last.is_over) == (False, True)
    assert last.cluster.message == "no capacity"


def test_when_the_time_is_over_the_last_look_is_told(emr: Emr, cluster: str, time: Time) -> None:
    *_, last = looks(emr, cluster, 2)
    assert not last.is_over
    assert 120 <= time.now < 160


def test_lost_answers_do_not_end_the_wait(
    emr: Emr, emr_proxy: Lossy, nodes: Nodes, cluster: str, time: Time
) -> None:
    emr_proxy.lose("DescribeCluster", *[Loss.DROPPED] * 3)  # as often as the client asks
    time.events = [lambda: nodes.becomes("WAITING")]
    *_, last = looks(emr, cluster, 60)
    assert last.is_whole
