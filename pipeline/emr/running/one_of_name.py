"""Two who create a cluster of the same name at the same moment: the older cluster stays."""

from __future__ import annotations

import datetime

from pipeline.emr.running.api import Emr
from pipeline.emr.running.states import ACTIVE, Cluster

_LOOKS = 4
_PAUSE_S = 5.0
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def older_of_name(emr: Emr, cluster_id: str, name: str) -> Cluster | None:
    """Another active cluster of the same name that was created before a new one.

    Whoever was second asks after both were created, so that it sees the first.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The new one.
    name : str
        Its name.
    """
    found: dict[str, Cluster] = {}
    for look in range(_LOOKS):
        if look:
            emr.sleep(_PAUSE_S)
        found = {each.id: each for each in emr.clusters(ACTIVE) if each.name == name}
        if cluster_id in found:  # else the list is older than the cluster
            break
    own = found.get(cluster_id) or emr.cluster(cluster_id)
    if not own.is_active:
        return None
    first = min([own, *found.values()], key=_age)
    return None if first.id == cluster_id else first


def _age(cluster: Cluster) -> tuple[datetime.datetime, str]:
    return cluster.created or _NEVER, cluster.id
