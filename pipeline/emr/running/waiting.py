"""Waiting until a cluster is up with all of its nodes, or has ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.emr.clusters.roles import ROLES
from pipeline.emr.running.api import Emr
from pipeline.emr.running.polling import seen
from pipeline.emr.running.states import Cluster, Fleet


@dataclass(frozen=True)
class ClusterLook:
    """What EMR says of a cluster at one time.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    fleets : tuple of Fleet
        Its fleets, in the order of roles.
    """

    cluster: Cluster
    fleets: tuple[Fleet, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it takes steps and every fleet has all of its nodes."""
        return (
            self.cluster.is_up
            and bool(self.fleets)
            and all(
                fleet.state == "RUNNING" and fleet.provisioned >= fleet.wanted
                for fleet in self.fleets
            )
        )

    @property
    def is_over(self) -> bool:
        """Whether waiting any longer changes nothing."""
        return self.is_whole or self.cluster.has_ended


def look_at(emr: Emr, cluster_id: str) -> ClusterLook:
    """Look at a cluster once."""
    cluster = emr.cluster(cluster_id)
    fleets = () if cluster.has_ended else emr.fleets(cluster_id)
    order = list(ROLES)
    return ClusterLook(cluster, tuple(sorted(fleets, key=lambda fleet: order.index(fleet.role))))


def looks(emr: Emr, cluster_id: str, minutes: float) -> Iterator[ClusterLook]:
    """Look at a cluster again and again, until it is whole or has ended, or the time is over.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The cluster.
    minutes : float
        So long at most.

    Raises
    ------
    EnsemblesError
        When EMR does not answer for long.
    """
    return seen(lambda: look_at(emr, cluster_id), emr, minutes)
