"""Arguments that several commands have."""

from __future__ import annotations

import argparse
import os

from pipeline.cli.entry import add_overrides
from pipeline.cli.output_places import JOBS
from pipeline.emr.running.api import Emr
from pipeline.errors import UserError

WAIT_MINUTES = 60.0


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add the cluster that is meant, and the region."""
    parser.add_argument(
        "cluster",
        metavar="CLUSTER",
        help="its id (j-…), its name, or the `name` in its cluster file",
    )
    add_region(parser)


def add_region(parser: argparse.ArgumentParser) -> None:
    """Add `--region`."""
    parser.add_argument("--region", metavar="REGION", help="default: that of the AWS settings")


def add_cluster_file(parser: argparse.ArgumentParser) -> None:
    """Add `--cluster` and `--set`."""
    parser.add_argument("--cluster", required=True, metavar="FILE", help="the cluster file")
    add_overrides(parser, of="cluster file", example="core.count=4")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs`, of those that a cluster is made for."""
    parser.add_argument(
        "--jobs",
        nargs="+",
        choices=JOBS,
        help="only these, in this order; default: all, without the trainers that the cluster file "
        "leaves out",
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add where everything is staged, and what is."""
    for name, metavar, text in (
        ("base", "URI", "everything is staged below it, on S3"),
        (
            "environment",
            "ARCHIVE",
            "what env pack made: its URI on S3, or its file, which is published below the base",
        ),
        ("logs", "URI", "EMR writes its logs below it; default: logs below the base"),
    ):
        variable = _variable(name)
        parser.add_argument(
            f"--{name}",
            metavar=metavar,
            default=os.environ.get(variable) or None,
            help=f"{text} (${variable})",
        )


def minutes(text: str) -> float:
    """A number of minutes, for argparse."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError
    return value


def required(args: argparse.Namespace, name: str) -> str:
    """An argument of `add_places` that must be there.

    Raises
    ------
    UserError
        When neither the option nor the variable is set.
    """
    value = getattr(args, name)
    if value is None:
        raise UserError(f"--{name} is missing: give it, or set {_variable(name)}")
    return str(value)


def emr_of(args: argparse.Namespace) -> Emr:
    """EMR in the region that the arguments name."""
    return Emr(args.region)


def _variable(name: str) -> str:
    return f"EMR_ENSEMBLES_{name.upper()}"
