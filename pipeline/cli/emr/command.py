"""`emr-ensembles emr …`: the commands, each in a file of its own."""

from __future__ import annotations

from typing import Any

from pipeline.cli.emr import (
    cost,
    create,
    listing,
    logs,
    stage,
    status,
    submit_parser,
    template,
    terminate,
    verify,
)

_COMMANDS = (
    *(create, listing, status, verify, submit_parser, logs, cost, terminate),
    *(stage, template),
)


def add_parser(subparsers: Any) -> None:
    """Add `emr` and its commands; each sets `handler`, a function of the arguments."""
    text = "Clusters of EMR: created, looked at, given jobs, ended."
    parser = subparsers.add_parser("emr", help="clusters of Amazon EMR", description=text)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for each in _COMMANDS:
        each.add_parser(commands)
