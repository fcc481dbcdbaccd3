"""`emr-ensembles emr create`: a cluster, unless it is there; waits until its nodes are ready."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any

from pipeline.cli.emr.arguments import (
    WAIT_MINUTES,
    add_cluster_file,
    add_places,
    add_region,
    emr_of,
    minutes,
)
from pipeline.cli.emr.cost_text import bound_text, idle_text
from pipeline.cli.emr.created import until_ready
from pipeline.cli.emr.interrupts import left_running
from pipeline.cli.emr.launch import Launch
from pipeline.cli.emr.staged import prepared, require_region
from pipeline.cli.runs.logs import set_up_logging
from pipeline.emr.running.cluster_staging import ClusterStaging
from pipeline.emr.running.find import other_versions

logger = logging.getLogger(__name__)


def add_parser(commands: Any) -> None:
    """Add `create`."""
    parser = commands.add_parser(
        "create",
        help="launch the cluster of a cluster file, and wait until its nodes are ready",
        description="Launch the cluster of a cluster file, unless it is there: then wait for that "
        "one. The cluster's id goes to stdout, all else to stderr. Exit code 0: all nodes are "
        "there, and each has found itself ready; 1: not so; 2: nothing was launched, and why. "
        "Ctrl-C ends the command, not the cluster.",
    )
    add_cluster_file(parser)
    add_places(parser)
    add_region(parser)
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it is ready")
    parser.add_argument(
        "--wait",
        type=minutes,
        default=WAIT_MINUTES,
        metavar="MINUTES",
        help=f"so long at most, for the cluster and its nodes (default: {WAIT_MINUTES:.0f})",
    )
    parser.add_argument(
        "--unchecked",
        action="store_true",
        help="do not ask the region for offerings, quotas and subnets first",
    )
    parser.set_defaults(handler=_create)


def _create(args: argparse.Namespace) -> int:
    set_up_logging()
    staging = prepared(args)
    launch = Launch(emr_of(args), staging.name)
    with launch.told():
        _launch(launch, staging, args)
        sys.stdout.write(f"{launch.id}\n")
        sys.stdout.flush()
        if args.no_wait:
            logger.info("to wait for it: the same command without --no-wait")
            return 0
        return until_ready(launch.emr, launch.id, staging.record, args.wait)


def _launch(launch: Launch, staging: ClusterStaging, args: argparse.Namespace) -> None:
    """Find the cluster, or have it launched."""
    emr = launch.emr
    there = emr.active_of(staging.name)
    if there is None and not args.unchecked:
        require_region(staging, args.region, "to launch it all the same, add --unchecked")
    launch.id = there or ""
    staging.bring(runs=there is not None)
    settings = staging.record.settings
    for other in other_versions(emr, settings.name, staging.name):
        logger.warning("%s (%s) is active, too, and costs as well", other.id, other.name)
    if there is None:
        logger.info("%s: %s; it %s", staging.name, bound_text(settings), idle_text(settings))
        launch.request(staging.request)
        return
    logger.info("cluster %s (%s) is there already: nothing was created", there, staging.name)
    logger.info("%s", left_running(emr.cluster(there)))
