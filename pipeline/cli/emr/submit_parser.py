"""The arguments of `emr-ensembles emr submit`, read without the jobs' libraries."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, add_jobs, minutes
from pipeline.cli.entry import add_config_arguments

_LOG_MINUTES = 7.0


def add_parser(commands: Any) -> None:
    """Add `submit`."""
    parser = commands.add_parser(
        "submit",
        help="run the jobs as steps of a cluster",
        description="Run the jobs of a config as steps of a cluster, and stay until they are done. "
        "Everything that can be checked is checked first; then config and code are put where the "
        "nodes read them. A job whose output is there, made from what it would be made from now, "
        "is kept, unless one that it depends on is done anew. Whoever repeats the command while "
        "its steps are there follows them: no step is added twice. Exit code: that of the first "
        "job that fails, as the job itself has recorded it; 1 where it could not, or where steps "
        "go on without the command; 2 also when nothing was submitted, and why.",
    )
    add_cluster(parser)
    add_config_arguments(parser)
    add_jobs(parser)
    parser.add_argument(
        "--fresh", action="store_true", help="do every job, also where nothing has changed"
    )
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="add the steps and leave; the same command without it follows them. On a cluster that "
        "runs several steps at once, only those that can start are added",
    )
    parser.add_argument(
        "--report",
        metavar="DIR",
        type=Path,
        help="where the report is copied to; default: out/<name of the config>/report",
    )
    parser.add_argument(
        "--log-minutes",
        metavar="MINUTES",
        type=minutes,
        default=_LOG_MINUTES,
        help="wait so long for the logs of a step that failed, which EMR brings to S3 about every "
        f"5 minutes; default: {_LOG_MINUTES:g}",
    )
    parser.set_defaults(handler=_submit)


def _submit(args: argparse.Namespace) -> int:
    from pipeline.cli.emr.submit import submit  # it holds the config against the trainers' own

    return submit(args)
