"""`emr-ensembles emr stage`: all of `create` but the cluster."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.cli.emr.arguments import add_cluster_file, add_places, add_region
from pipeline.cli.emr.staged import prepared, require_region
from pipeline.cli.emr.text import as_json, write
from pipeline.cli.runs.logs import set_up_logging
from pipeline.emr.clusters.parameters import Made, parameter_values


def add_parser(commands: Any) -> None:
    """Add `stage`."""
    parser = commands.add_parser(
        "stage",
        help="bring what a cluster needs to S3, and print the request",
        description="Bring what a cluster's nodes read to S3, write the cluster's record, and "
        "print the request RunJobFlow as JSON. Nothing is launched.",
    )
    add_cluster_file(parser)
    add_places(parser)
    add_region(parser)
    parser.add_argument("--check", action="store_true", help="ask the region, as create does")
    parser.add_argument(
        "--parameters",
        action="store_true",
        help="print KEY=VALUE lines instead: the parameters of the cluster's CloudFormation "
        "template, for aws cloudformation deploy --parameter-overrides",
    )
    parser.set_defaults(handler=_stage)


def _stage(args: argparse.Namespace) -> int:
    set_up_logging()
    staging = prepared(args)
    if args.check:
        require_region(staging, args.region, "leave out --check to stage it all the same")
    staging.bring()
    if args.parameters:
        made = Made(staging.request, staging.record.artifacts, staging.record_uri)
        write(f"{key}={value}" for key, value in parameter_values(made).items())
    else:
        write([as_json(staging.request)])
    return 0
