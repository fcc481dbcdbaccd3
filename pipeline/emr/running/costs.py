"""What a cluster's instances have cost so far, by their own times and the cluster file's prices."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.emr.running.states import Cluster, Instance

NOT_IN_IT = "volumes (EBS), S3, and what leaves the network"


@dataclass(frozen=True)
class TypeCost:
    """The instances of one type and market.

    Parameters
    ----------
    type, market : str
        As EMR has them.
    instances : int
        How many there were.
    hours : float
        All of theirs together.
    price : float or None
        Of an hour, On-Demand; None where the cluster file does not say.
    """

    type: str
    market: str
    instances: int
    hours: float
    price: float | None

    @property
    def sum(self) -> float | None:
        """What they cost; None where the price is not known."""
        return None if self.price is None else self.price * self.hours


@dataclass(frozen=True)
class ClusterCost:
    """All instances.

    Parameters
    ----------
    types : tuple of TypeCost
        By type and market.
    untimed : tuple of str
        Ids of instances of which EMR tells no time.
    """

    types: tuple[TypeCost, ...]
    untimed: tuple[str, ...] = ()

    @property
    def sum(self) -> float | None:
        """What they cost together; None where something is not known."""
        sums = [each.sum for each in self.types]
        known = [each for each in sums if each is not None]
        return None if len(known) < len(sums) or self.untimed else sum(known)

    @property
    def is_bound(self) -> bool:
        """Whether it is a bound: Spot is counted at the On-Demand price."""
        return any(each.market == "SPOT" for each in self.types)


def cost_so_far(
    cluster: Cluster,
    instances: Iterable[Instance],
    prices: Mapping[str, float],
    now: datetime.datetime,
) -> ClusterCost:
    """Add up what instances cost from when each was created until it ended, or now.

    Parameters
    ----------
    cluster : Cluster
        Theirs; when it has ended, so have they.
    instances : iterable of Instance
        All of them, also those that have ended.
    prices : mapping of str to float
        By type, of an hour.
    now : datetime
        The time, with its zone.
    """
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    untimed = []
    for each in instances:
        if each.state == "AWAITING_FULFILLMENT":  # a wish for Spot, not an instance yet
            continue
        end = each.ended or cluster.ended or now
        if each.created is None or (each.state == "TERMINATED" and end is now):
            untimed.append(each.id)
            continue
        took = max((end - each.created).total_seconds(), 0.0)
        hours[each.type, each.market].append(took / 3600)
    return ClusterCost(
        tuple(
            TypeCost(name, market, len(found), sum(found), prices.get(name))
            for (name, market), found in sorted(hours.items())
        ),
        tuple(untimed),
    )
