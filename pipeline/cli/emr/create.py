"""`emr-ensembles emr create`: a cluster, unless it is there; waits until its nodes are ready."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from pipeline.cli.emr.interrupts import state_when_interrupted
from pipeline.cli.emr.staged import prepared, require_region
from pipeline.cli.runs.logs import set_up_logging
from pipeline.emr.running.api import Emr
from pipeline.emr.running.cluster_staging import ClusterStaging
from pipeline.emr.running.find import other_versions
from pipeline.emr.running.states import Cluster
from pipeline.errors import EnsemblesError, UserError

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
    emr = emr_of(args)
    known: list[str] = []

    def look() -> Cluster | None:
        found = known[0] if known else emr.active_of(staging.name)
        return None if found is None else emr.cluster(found)

    with state_when_interrupted(look, staging.name), _told_what_may_run(staging.name, known):
        known.append(_launched(emr, staging, args))
        sys.stdout.write(f"{known[0]}\n")
        sys.stdout.flush()
        if args.no_wait:
            logger.info("to wait for it: the same command without --no-wait")
            return 0
        return until_ready(emr, known[0], staging.record, args.wait)


@contextmanager
def _told_what_may_run(name: str, known: Sequence[str]) -> Iterator[None]:
    """Add to an error that a cluster may run, where it does not say so itself."""
    try:
        yield
    except UserError:  # nothing was done, or nobody may ask
        raise
    except EnsemblesError as error:
        if not known:
            error.add_note(
                f"whether {name} was created may not be known: repeat the command, which finds it "
                "then, or see emr-ensembles emr list"
            )
        elif known[0] not in str(error):
            error.add_note(f"cluster {known[0]} may run on: emr-ensembles emr status {known[0]}")
        raise


def _launched(emr: Emr, staging: ClusterStaging, args: argparse.Namespace) -> str:
    """The id of the cluster, which was there or is new."""
    there = emr.active_of(staging.name)
    if there is None and not args.unchecked:
        require_region(staging, args.region, "to launch it all the same, add --unchecked")
    staging.bring()
    settings = staging.record.settings
    for other in other_versions(emr, settings.name, staging.name):
        logger.warning("%s (%s) is active, too, and costs as well", other.id, other.name)
    logger.info("%s: %s; it %s", staging.name, bound_text(settings), idle_text(settings))
    found, is_new = emr.create(staging.request)
    said = "was requested" if is_new else "is there already: nothing was created"
    logger.info("cluster %s (%s) %s", found, staging.name, said)
    return found
