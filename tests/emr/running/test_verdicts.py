"""Verdicts on S3 of instances that are told in moto's place, which has none."""

from __future__ import annotations

import uuid

import pytest

from pipeline import files
from pipeline.emr.clusters.request import request
from pipeline.emr.running.api import Emr
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.running.verdicts import verdict_of, verdicts
from tests.emr.clusters import samples
from tests.emr.lossy import Lossy
from tests.emr.nodes import Nodes, Time, put_verdict

RECORD = ClusterRecord(samples.cluster(), samples.artifacts(), "s3://bucket")
PLACE = RECORD.artifacts.verdicts


@pytest.fixture
def nodes(emr_proxy: Lossy) -> Nodes:
    return Nodes(emr_proxy)


@pytest.fixture
def emr(nodes: Nodes, time: Time) -> Emr:
    return Emr("us-east-1", time.sleep, time.clock)


@pytest.fixture
def cluster(emr: Emr) -> str:
    settings = samples.cluster(name=f"verdicts-{uuid.uuid4().hex}")
    return emr.create(request(settings, samples.artifacts()))[0]


def test_all_nodes_that_are_ready_make_a_cluster_ready(
    emr: Emr, nodes: Nodes, cluster: str
) -> None:
    for node in nodes.ids():
        put_verdict(PLACE, cluster, node)
    found = verdict_of(emr, cluster, RECORD)
    assert found.ok
    assert [(each.role, each.instance.id, each.ok) for each in found.nodes] == [
        ("primary", "i-master0", True),
        ("core", "i-core0", True),
        ("core", "i-core1", True),
    ]


def test_one_node_that_is_not_ready_says_why(emr: Emr, nodes: Nodes, cluster: str) -> None:
    for node in nodes.ids():
        put_verdict(PLACE, cluster, node)
    put_verdict(PLACE, cluster, "i-core1", failing={"driver": "no driver", "discovery": "0 of 1"})
    found = verdict_of(emr, cluster, RECORD)
    assert not found.ok
    assert found.is_over
    assert found.nodes[2].failing == (("driver", "no driver"), ("discovery", "0 of 1"))


@pytest.mark.parametrize("time_", ["2026-11-29T07:59:59Z", None])
def test_a_node_without_a_verdict_of_its_own_life_has_not_been_heard_of(
    emr: Emr, nodes: Nodes, cluster: str, time_: str | None
) -> None:
    for node in nodes.ids()[1:]:
        put_verdict(PLACE, cluster, node)
    if time_ is not None:  # before the instance was created
        put_verdict(PLACE, cluster, "i-master0", time=time_)
    found = verdict_of(emr, cluster, RECORD)
    assert (found.ok, found.is_over) == (False, False)
    assert found.nodes[0].ok is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"time": "then", "ok": true, "checks": []}',
        b'{"time": "2026-11-29T09:00"}',
    ],
)
def test_what_is_no_verdict_does_not_count_as_one(
    emr: Emr, nodes: Nodes, cluster: str, content: bytes
) -> None:
    for node in nodes.ids():
        put_verdict(PLACE, cluster, node)
    files.write_bytes(f"{PLACE}/{cluster}/i-core0.json", content)
    found = verdict_of(emr, cluster, RECORD)
    assert found.nodes[1].ok is False
    assert "no verdict" in found.nodes[1].failing[0][1]


def test_ok_beside_a_check_that_failed_is_not_believed(
    emr: Emr, nodes: Nodes, cluster: str
) -> None:
    for node in nodes.ids():
        put_verdict(PLACE, cluster, node, failing={"ports": "other range"})
        uri = f"{PLACE}/{cluster}/{node}.json"
        lie = files.read_bytes(uri).replace(b'"ok": false}', b'"ok": true}', 0)
        files.write_bytes(uri, lie.rpartition(b'"ok": ')[0] + b'"ok": true}')
    assert not verdict_of(emr, cluster, RECORD).ok


def test_nodes_that_are_missing_or_too_many_are_counted(
    emr: Emr, nodes: Nodes, cluster: str
) -> None:
    for node in nodes.ids():
        put_verdict(PLACE, cluster, node)
    lost = nodes.instances.pop()
    found = verdict_of(emr, cluster, RECORD)
    assert not found.ok
    assert found.missing == ["core: 1 of 2 nodes are running"]
    nodes.instances += [lost, {**lost, "Id": "ci-2", "Ec2InstanceId": "i-core2"}]
    assert verdict_of(emr, cluster, RECORD).missing == ["core: 3 of 2 nodes are running"]


def test_only_running_instances_are_asked_for(emr: Emr, nodes: Nodes, cluster: str) -> None:
    nodes.instances[2]["Status"]["State"] = "BOOTSTRAPPING"
    assert len(verdict_of(emr, cluster, RECORD).nodes) == 2


def test_verdicts_that_come_late_are_waited_for(
    emr: Emr, nodes: Nodes, cluster: str, time: Time
) -> None:
    time.events = [lambda node=node: put_verdict(PLACE, cluster, node) for node in nodes.ids()]  # type: ignore[misc]
    seen = list(verdicts(emr, cluster, RECORD, minutes=10))
    assert [sum(node.ok is True for node in found.nodes) for found in seen] == [0, 1, 2, 3]
    assert seen[-1].ok


def test_a_node_that_is_not_ready_ends_the_wait(
    emr: Emr, nodes: Nodes, cluster: str, time: Time
) -> None:
    put_verdict(PLACE, cluster, "i-core0", failing={"driver": "none"})
    assert len(list(verdicts(emr, cluster, RECORD, minutes=10))) == 1


def test_a_cluster_that_ends_meanwhile_ends_the_wait(
    emr: Emr, nodes: Nodes, cluster: str, time: Time
) -> None:
    time.events = [lambda: nodes.becomes("TERMINATING", "USER_REQUEST", "by someone")]
    *_, last = verdicts(emr, cluster, RECORD, minutes=10)
    assert last.cluster.message == "by someone"
    assert time.now < 60


def test_without_minutes_there_is_one_look(emr: Emr, cluster: str, time: Time) -> None:
    assert len(list(verdicts(emr, cluster, RECORD, minutes=0))) == 1
    assert time.slept == []
