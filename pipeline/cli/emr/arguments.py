"""Arguments that several commands have."""

from __future__ import annotations

import argparse


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
