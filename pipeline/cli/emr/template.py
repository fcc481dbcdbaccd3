"""`emr-ensembles emr template`: a cluster file as CloudFormation."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipeline.cli.emr.arguments import add_cluster_file
from pipeline.emr.clusters.template import template


def add_parser(commands: Any) -> None:
    """Add `template`."""
    parser = commands.add_parser(
        "template",
        help="print a cluster file as a CloudFormation template",
        description="Print a CloudFormation template whose cluster is the one that `create` "
        "requests. Subnets, roles, the security configuration and what nodes read are its "
        "parameters, which `stage --parameters` gives. Those of conf/clusters are in "
        "infra/cloudformation/clusters.",
    )
    add_cluster_file(parser)
    parser.set_defaults(handler=_template)


def _template(args: argparse.Namespace) -> int:
    sys.stdout.write(template(args.cluster, args.overrides))
    return 0
