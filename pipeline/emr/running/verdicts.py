"""What the nodes of a cluster found out about themselves (bootstrap/README.md, "The verdict")."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.emr.clusters.roles import ROLES
from pipeline.emr.running.api import Emr
from pipeline.emr.running.polling import seen
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.running.states import Cluster, Instance


@dataclass(frozen=True)
class NodeVerdict:
    """What one node found.

    Parameters
    ----------
    instance : Instance
        The node.
    role : str
        `primary`, `core` or `task`; empty where EMR does not say.
    ok : bool or None
        Whether it is ready; None where it has not been heard of.
    failing : tuple of (str, str)
        Names of checks that failed, and what each says.
    """

    instance: Instance
    role: str
    ok: bool | None
    failing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ClusterVerdict:
    """What all running nodes of a cluster found.

    Parameters
    ----------
    cluster : Cluster
        As EMR describes it at that time.
    nodes : tuple of NodeVerdict
        The primary node first.
    wanted : mapping of str to int
        By role, how many nodes the cluster file asks for.
    place : str
        URI below which they put what they found.
    """

    cluster: Cluster
    nodes: tuple[NodeVerdict, ...]
    wanted: Mapping[str, int]
    place: str

    @property
    def missing(self) -> list[str]:
        """A sentence for each role with more or fewer nodes than were asked for."""
        found = []
        for role, wanted in self.wanted.items():
            running = sum(node.role == role for node in self.nodes)
            if running != wanted:
                found.append(f"{role}: {running} of {wanted} nodes are running")
        return found

    @property
    def ok(self) -> bool:
        """Whether all nodes are there and ready."""
        return not self.missing and all(node.ok for node in self.nodes)

    @property
    def is_over(self) -> bool:
        """Whether waiting any longer changes nothing: a node that is not ready stays so."""
        has_failed = any(node.ok is False for node in self.nodes)
        return self.ok or has_failed or not self.cluster.is_active


def verdict_of(emr: Emr, cluster_id: str, record: ClusterRecord) -> ClusterVerdict:
    """Read the verdicts of all nodes that run.

    Raises
    ------
    StoreError
        When they cannot be read.
    """
    cluster = emr.cluster(cluster_id)
    roles = {fleet.id: ROLES[fleet.role] for fleet in emr.fleets(cluster_id)}
    place = files.join(record.artifacts.verdicts, cluster_id)
    nodes = [
        _node(instance, roles.get(instance.group, ""), place)
        for instance in emr.instances(cluster_id, ("RUNNING",))
    ]
    order = (*ROLES.values(), "")
    return ClusterVerdict(
        cluster,
        tuple(sorted(nodes, key=lambda node: (order.index(node.role), node.instance.id))),
        {role: fleet.count for role, fleet in record.settings.fleets.items()},
        place,
    )


def verdicts(
    emr: Emr, cluster_id: str, record: ClusterRecord, minutes: float
) -> Iterator[ClusterVerdict]:
    """Read the verdicts again and again, until all are in or one failed, or the time is over."""
    return seen(lambda: verdict_of(emr, cluster_id, record), emr, minutes)


def _node(instance: Instance, role: str, place: str) -> NodeVerdict:
    uri = files.join(place, f"{instance.id}.json")
    try:
        content = files.read_bytes(uri)
    except FileNotFoundError:
        return NodeVerdict(instance, role, None)
    try:
        said = json.loads(content)
        written = datetime.datetime.fromisoformat(said["time"])
        if instance.created is not None and written < instance.created:
            return NodeVerdict(instance, role, None)
        failing = tuple(_failing(said))
        return NodeVerdict(instance, role, said["ok"] is True and not failing, failing)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return NodeVerdict(instance, role, ok=False, failing=((uri, f"no verdict: {error!r}"),))


def _failing(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for check in said["checks"]:
        if check["ok"] is not True:
            yield str(check["name"]), str(check["detail"])
