"""`emr-ensembles emr status`: all that EMR tells of a cluster."""

from __future__ import annotations

import argparse
import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, emr_of
from pipeline.cli.emr.cost_text import bound_text, idle_text
from pipeline.cli.emr.lost_nodes import lost_nodes
from pipeline.cli.emr.text import age_text, as_json, write
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.clusters.roles import ROLES
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.running.api import Emr, is_ours
from pipeline.emr.running.failures import why_ended
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.record import record_of
from pipeline.emr.running.states import Cluster, Fleet, Instance, Step
from pipeline.emr.running.step_watch import run_time
from pipeline.emr.table import aligned
from pipeline.errors import EnsemblesError


def add_parser(commands: Any) -> None:
    """Add `status`."""
    parser = commands.add_parser(
        "status",
        help="one cluster: state, nodes, steps, cost, and why it failed",
        description="All that EMR tells of a cluster, also of one that has ended.",
    )
    add_cluster(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(handler=_status)


@dataclass(frozen=True)
class _Status:
    """What is shown; the last three are empty where they are not known."""

    cluster: Cluster
    steps: Sequence[Step]
    instances: Sequence[Instance]
    fleets: Sequence[Fleet]
    settings: ClusterSettings | None
    not_known: Sequence[str]


def _status(args: argparse.Namespace) -> int:
    emr = emr_of(args)
    found = _asked(emr, find_cluster(emr, args.cluster))
    write([as_json(_data(found))] if args.json else _lines(found))
    return 0


def _asked(emr: Emr, cluster: Cluster) -> _Status:
    not_known = []
    fleets: list[Fleet] = []
    settings = None
    try:
        fleets = emr.fleets(cluster.id)
    except EnsemblesError as error:  # a cluster of others may have groups instead
        not_known.append(str(error))
    try:
        settings = record_of(cluster).settings
    except EnsemblesError as error:
        not_known.append(str(error))
    steps, instances = emr.steps(cluster.id), emr.instances(cluster.id)
    return _Status(cluster, steps, instances, fleets, settings, not_known)


def _lines(found: _Status) -> list[str]:
    cluster = found.cluster
    rows = [
        ["cluster", f"{cluster.id} ({cluster.name})"],
        ["state", _state(cluster)],
        ["age", age_text(cluster)],
    ]
    if not is_ours(cluster):
        rows.append(["origin", "not created by emr-ensembles"])
    rows += [[ROLES[each.role], _fleet(each)] for each in found.fleets]
    rows.append(["nodes", _nodes(found.instances)])
    rows += [["lost", each] for each in lost_nodes(found.instances)]
    if found.settings is not None:
        rows += [["costs", bound_text(found.settings)], ["idle", _idle(found, found.settings)]]
    rows.append(["logs", cluster.logs or "none on S3"])
    rows += [["unknown", each] for each in found.not_known]
    if not cluster.is_active:
        rows += [["why", each] for each in why_ended(cluster)]
    lines = aligned(rows)
    if found.steps:
        steps = [[each.id, each.state, run_time(each) or "-", each.name] for each in found.steps]
        lines += ["", *aligned([["step", "state", "took", "name"], *steps])]
    return lines


def _data(found: _Status) -> dict[str, Any]:
    settings = found.settings
    return {
        "cluster": found.cluster,
        "ours": is_ours(found.cluster),
        "record": found.cluster.tags.get(RECORD_TAG),
        "fleets": list(found.fleets),
        "instances": list(found.instances),
        "steps": list(found.steps),
        "costs": None if settings is None else bound_text(settings),
        "idle_minutes": None if settings is None else settings.limits.idle_minutes,
        "idle_end": None if settings is None else _idle_end(found, settings),
        "not_known": list(found.not_known),
        "why": [] if found.cluster.is_active else why_ended(found.cluster),
    }


def _state(cluster: Cluster) -> str:
    return cluster.state + (f": {cluster.message}" if cluster.message else "")


def _fleet(fleet: Fleet) -> str:
    said = f"{fleet.provisioned} of {fleet.wanted} nodes, {fleet.state}"
    return f"{said}: {fleet.message}" if fleet.message else said


def _nodes(instances: Sequence[Instance]) -> str:
    counts = Counter(each.state for each in instances)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"


def _idle(found: _Status, settings: ClusterSettings) -> str:
    end = _idle_end(found, settings)
    said = idle_text(settings)
    return f"{said}: about {end:%Y-%m-%d %H:%M} UTC if nothing begins" if end else said


def _idle_end(found: _Status, settings: ClusterSettings) -> datetime.datetime | None:
    """When a cluster that waits ends by itself, about; None for others."""
    ends = [found.cluster.ready, *(step.ended for step in found.steps)]
    known = [each for each in ends if each is not None]
    if found.cluster.state != "WAITING" or not known:
        return None
    last = max(known).astimezone(datetime.UTC)
    return last + datetime.timedelta(minutes=settings.limits.idle_minutes)
