"""The command `emr-ensembles`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pipeline
from pipeline.cli import batch_sweep, config_commands, gradcheck, lr_range
from pipeline.cli.entry import guarded
from pipeline.cli.rehearsal import command as rehearsal
from pipeline.cli.runs import commands as runs_commands
from pipeline.cli.runs import run
from pipeline.emr.environment import commands as environment_commands
from pipeline.emr.instances import commands as instances_commands
from pipeline.local import commands as local_commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="emr-ensembles",
        description="Bagging, boosting and deep networks on one table, on Spark and Amazon EMR.",
    )
    parser.add_argument("--version", action="version", version=pipeline.__version__)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    run.add_parser(subparsers)
    rehearsal.add_parser(subparsers)
    runs_commands.add_parser(subparsers)
    config_commands.add_parser(subparsers)
    gradcheck.add_parser(subparsers)
    lr_range.TOOL.add_parser(subparsers)
    batch_sweep.TOOL.add_parser(subparsers)
    environment_commands.add_parser(subparsers)
    instances_commands.add_parser(subparsers)
    local_commands.add_parser(subparsers)
    args = parser.parse_args(arguments)
    return guarded(lambda: int(args.handler(args)))
