"""What a cluster's nodes hold, and what they cost in an hour at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.emr.clusters.sizes import node_of
from pipeline.emr.executors import INCREMENT_MB, Layout, Node, lay_out

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings


def nodes_by_role(cluster: ClusterSettings) -> dict[str, list[Node]]:
    """What YARN gives away on each core and task node.

    Of a fleet with several types nobody knows which ones EC2 will give: each node is counted as
    having no more than any of them.
    """
    found = {}
    for role, fleet in cluster.workers.items():
        sizes = [node_of(name, cluster.cpu_types) for name in fleet.types]
        least = Node(
            memory_mb=min(each.memory_mb for each in sizes),
            cores=min(each.cores for each in sizes),
            gpus=min(each.gpus for each in sizes),
        )
        found[role] = [least] * fleet.count
    return found


def nodes_of(cluster: ClusterSettings) -> list[Node]:
    """What YARN gives away on each node that holds executors."""
    return [node for fleet in nodes_by_role(cluster).values() for node in fleet]


def layout_of(cluster: ClusterSettings) -> Layout:
    """How one application is laid out over the whole cluster.

    Raises
    ------
    UserError
        When a node has no room for a driver and an executor.
    """
    return lay_out(nodes_of(cluster), INCREMENT_MB)


def hourly_bound(cluster: ClusterSettings) -> float | None:
    """The most that its instances cost in an hour, by the file's prices.

    Volumes, S3 and what leaves the network are not in it.

    Returns
    -------
    float or None
        None where the file does not say what one of its types costs.
    """
    if types_without_price(cluster):
        return None
    return sum(
        max(cluster.prices[name] for name in fleet.types) * fleet.count
        for fleet in cluster.fleets.values()
    )


def types_without_price(cluster: ClusterSettings) -> list[str]:
    """Types whose price the cluster file does not state."""
    used = dict.fromkeys(name for fleet in cluster.fleets.values() for name in fleet.types)
    return [name for name in used if name not in cluster.prices]
