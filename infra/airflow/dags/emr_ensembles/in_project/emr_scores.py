"""Which partitions of a table have no scores yet, and that a cluster would score them, as JSON.

Runs in the project's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from emr_plan import add_record, would_work
from partitions import ScoredTable, add_table_arguments, table_of

from pipeline.cli.entry import guarded
from pipeline.cli.models.present import present
from pipeline.config import DATE_VARIABLE
from pipeline.errors import UserError


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="Which partitions have no scores yet.")
    add_record(parser)
    add_table_arguments(parser)
    parser.add_argument("--most", type=int, required=True, help="so many at a time")
    parser.add_argument("--ended", action="store_true", help="of days before the date's alone")
    parser.add_argument("--only", action="store_true", help="the partition of the date, no other")
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def _answer(args: argparse.Namespace) -> int:
    loaded, _ = would_work(args, ("score",))
    config, day = loaded.value, os.environ[DATE_VARIABLE]
    if config.promotion.registry is None:
        raise UserError("promotion.registry is not set: without one there is no champion to score")
    table = table_of(args, config.output)
    champion = present(config.promotion, config.name)
    if champion is None:
        needed, reasons = [], [f"{config.promotion.champions_uri(config.name)}: no champion yet"]
    else:
        new = _new(table, day, args)
        needed, left = new[: args.most], new[args.most :]
        reasons = [
            champion.title,
            f"partitions without scores: {', '.join(needed) or 'none'}",
            *([f"{len(left)} more are left for the next run"] if left else []),
        ]
    # There are no trainers to be held back.
    sys.stdout.write(json.dumps({"needed": needed, "reasons": reasons, "cluster": []}) + "\n")
    return 0


def _new(table: ScoredTable, day: str, args: argparse.Namespace) -> list[str]:
    """Dates without scores: that of the run first, then the others up to it, the oldest first.

    So partitions that fail again and again keep no new one from being scored.
    """
    dates = [date for date in table.dates() if (date < day if args.ended else date <= day)]
    wanted = [date for date in dates if date == day or not args.only]
    wanted.sort(key=lambda date: date != day)
    return [date for date in wanted if not table.is_scored(date)]


if __name__ == "__main__":
    sys.exit(main())
