"""`emr-ensembles emr verify`: whether every node of a cluster has found itself ready."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, emr_of, minutes
from pipeline.cli.emr.interrupts import state_when_interrupted
from pipeline.cli.emr.text import as_json, write
from pipeline.cli.emr.verdict_text import verdict_counts, verdict_data, verdict_lines
from pipeline.cli.runs.logs import set_up_logging
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.record import record_of
from pipeline.emr.running.verdicts import verdicts

logger = logging.getLogger(__name__)


def add_parser(commands: Any) -> None:
    """Add `verify`."""
    parser = commands.add_parser(
        "verify",
        help="whether every node has found itself ready",
        description="What each running node found when it checked itself, and whether there are "
        "as many nodes as the cluster file asks for. Exit code 0: all are there and ready; 1: not.",
    )
    add_cluster(parser)
    parser.add_argument(
        "--wait",
        type=minutes,
        default=0.0,
        metavar="MINUTES",
        help="wait so long at most for nodes that have not been heard of (default: 0)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(handler=_verify)


def _verify(args: argparse.Namespace) -> int:
    set_up_logging()
    emr = emr_of(args)
    cluster = find_cluster(emr, args.cluster, active=True)
    record = record_of(cluster)
    said = ""
    with state_when_interrupted(lambda: emr.cluster(cluster.id), args.cluster):
        for found in verdicts(emr, cluster.id, record, args.wait):
            news = verdict_counts(found)
            if args.wait and news != said:
                logger.info("%s", news)
                said = news
    write([as_json(verdict_data(found))] if args.json else verdict_lines(found))
    return 0 if found.ok else 1
