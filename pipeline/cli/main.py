"""The command `emr-ensembles`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import pipeline
from pipeline.cli.entry import guarded

_COMMANDS = {
    "run": "pipeline.cli.runs.run",
    "rehearse": "pipeline.cli.rehearsal.command",
    "plan": "pipeline.cli.plan.command",
    "emr": "pipeline.cli.emr.command",
    "runs": "pipeline.cli.runs.commands",
    "models": "pipeline.cli.models.commands",
    "pretrained": "pipeline.cli.pretrained",
    "config": "pipeline.cli.config_commands",
    "gradcheck": "pipeline.cli.gradcheck",
    "lr-range": "pipeline.cli.lr_range:TOOL",
    "batch-sweep": "pipeline.cli.batch_sweep:TOOL",
    "env": "pipeline.emr.environment.commands",
    "instances": "pipeline.emr.instances.commands",
    "local": "pipeline.local.commands",
}
"""By the name of a command: the module that adds it, or an object of a module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A command alone is imported alone: some run where there is no Spark, and all start sooner.
    parser = make_parser(given[:1] if given and given[0] in _COMMANDS else _COMMANDS)
    args = parser.parse_args(given)
    return guarded(lambda: int(args.handler(args)))


def make_parser(names: Iterable[str] = _COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line; what it parses has a `handler`, a function of it.

    Parameters
    ----------
    names : iterable of str
        Which commands it knows; default: all.
    """
    parser = argparse.ArgumentParser(
        prog="emr-ensembles",
        description="Bagging, boosting and deep networks on one table, on Spark and Amazon EMR.",
    )
    parser.add_argument("--version", action="version", version=pipeline.__version__)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in names:
        _command(name).add_parser(subparsers)
    return parser


def _command(name: str) -> Any:
    """What adds a command to the command line."""
    module, _, attribute = _COMMANDS[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
