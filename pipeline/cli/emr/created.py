"""Waiting for a new cluster: its progress, and why it did not become ready."""

from __future__ import annotations

import logging

from pipeline.cli.emr.interrupts import left_running
from pipeline.cli.emr.lost_nodes import lost_nodes
from pipeline.cli.emr.verdict_text import verdict_counts, verdict_lines
from pipeline.emr.clusters.roles import ROLES
from pipeline.emr.running.api import Emr
from pipeline.emr.running.failures import bootstrap_failure, bootstrap_tails, why_ended
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.running.states import Cluster
from pipeline.emr.running.step_watch import duration
from pipeline.emr.running.verdicts import verdicts
from pipeline.emr.running.waiting import ClusterLook, looks
from pipeline.errors import EnsemblesError

logger = logging.getLogger(__name__)

_STILL_S = 300.0  # after so long without news it is said that there are none
_LINES = 25


def until_ready(emr: Emr, cluster_id: str, record: ClusterRecord, minutes: float) -> int:
    """Wait until a cluster is up, has all nodes, and each has found itself ready.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The cluster.
    record : ClusterRecord
        What it was created from.
    minutes : float
        So long at most, for all of it.

    Raises
    ------
    EnsemblesError
        When it does not come about, with all that is known of why.
    """
    start = emr.clock()
    _until_whole(emr, cluster_id, minutes)
    _until_verified(emr, cluster_id, record, max(minutes - (emr.clock() - start) / 60, 0.0))
    logger.info("cluster %s is ready after %s", cluster_id, duration(emr.clock() - start))
    return 0


def ended_text(cluster: Cluster) -> str:
    """Why a cluster ended, with the last lines of a bootstrap action that failed."""
    lines = [f"cluster {cluster.id} ({cluster.name}) is {cluster.state.lower()}"]
    lines += why_ended(cluster)
    failure = bootstrap_failure(cluster)
    if failure is None:
        return "\n".join(lines)
    try:
        tails = bootstrap_tails(cluster, failure, _LINES)
    except EnsemblesError as error:
        return "\n".join([*lines, f"its logs cannot be read: {error}"])
    for each in tails:
        lines += [f"--- the last lines of {each.uri}", *each.lines]
    if not tails:
        lines.append(
            f"the action's log has not arrived at {cluster.logs}; it may take 5 minutes: "
            f"emr-ensembles emr logs {cluster.id} --bootstrap"
        )
    return "\n".join(lines)


def _until_whole(emr: Emr, cluster_id: str, minutes: float) -> None:
    start = said_at = emr.clock()
    said = ""
    for look in looks(emr, cluster_id, minutes):
        news, now = look_text(look), emr.clock()
        if news != said or now - said_at >= _STILL_S:
            logger.info("%s after %s", news, duration(now - start))
            said, said_at = news, now
    if look.is_whole:
        return
    if not look.cluster.is_active:
        raise EnsemblesError(ended_text(look.cluster))
    raise EnsemblesError(
        "\n".join(
            [
                f"cluster {cluster_id} is not up with all nodes after {minutes:g} minutes: {said}",
                *lost_nodes(emr.instances(cluster_id, ("TERMINATED",))),
                left_running(look.cluster),
            ]
        )
    )


def look_text(look: ClusterLook) -> str:
    """State of a cluster, and how many nodes each of its fleets has."""
    said = look.cluster.state.lower()
    if look.cluster.message:
        said += f" ({look.cluster.message})"
    fleets = [
        f"{ROLES[each.role]} {each.provisioned} of {each.wanted} {each.state.lower()}"
        + (f" ({each.message})" if each.message else "")
        for each in look.fleets
    ]
    return f"{said}: {', '.join(fleets)}" if fleets else said


def _until_verified(emr: Emr, cluster_id: str, record: ClusterRecord, minutes: float) -> None:
    said = ""
    for found in verdicts(emr, cluster_id, record, minutes):
        news = verdict_counts(found)
        if news != said:
            logger.info("%s", news)
            said = news
    if found.ok:
        return
    if not found.cluster.is_active:
        raise EnsemblesError(ended_text(found.cluster))
    raise EnsemblesError(
        "\n".join(
            [
                f"cluster {cluster_id} is up, and not all of its nodes are ready: {said}",
                *verdict_lines(found),
                left_running(found.cluster),
                f"to look again: emr-ensembles emr verify {cluster_id}",
            ]
        )
    )
