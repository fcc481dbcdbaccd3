"""`emr-ensembles emr list`: the clusters that this package has created."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipeline.cli.emr.arguments import add_region, emr_of
from pipeline.cli.emr.text import age_text, as_json, write
from pipeline.emr.running.find import REMEMBERED_DAYS, of_ours
from pipeline.emr.running.states import NOT_ENDED, Cluster
from pipeline.emr.table import aligned


def add_parser(commands: Any) -> None:
    """Add `list`."""
    parser = commands.add_parser(
        "list",
        help="the clusters that this package has created",
        description="The clusters with names of this package that cost something, newest first.",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help=f"also those that have ended within {REMEMBERED_DAYS} days",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_region(parser)
    parser.set_defaults(handler=_list)


def _list(args: argparse.Namespace) -> int:
    emr = emr_of(args)
    found = of_ours(emr, () if args.all else NOT_ENDED)
    if args.json:
        write([as_json([_data(each) for each in found])])
    elif found:
        rows = [["id", "name", "state", "age"]]
        rows += [[each.id, each.name, each.state, age_text(each)] for each in found]
        write(aligned(rows))
    else:
        more = "" if args.all else "; --all also shows those that have ended"
        sys.stderr.write(f"no clusters in {emr.region}{more}\n")
    return 0


def _data(cluster: Cluster) -> dict[str, Any]:
    return {
        "id": cluster.id,
        "name": cluster.name,
        "state": cluster.state,
        "created": cluster.created,
        "ended": cluster.ended,
    }
