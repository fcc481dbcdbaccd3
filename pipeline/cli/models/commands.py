"""`emr-ensembles models promote | rollback | list`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pipeline.cli.entry import add_config_arguments, add_overrides
from pipeline.cli.models.job import load_job
from pipeline.cli.models.listing import as_json, as_table
from pipeline.cli.models.outcome import Outcome
from pipeline.cli.models.promotion import promote
from pipeline.cli.models.rollback import rollback
from pipeline.cli.output_places import FREE_KEYS
from pipeline.config import shown
from pipeline.errors import UserError
from pipeline.store import champions

STAYS = 3
"""Exit code of `promote --fail-if-not` when the champion was kept."""


def add_parser(subparsers: Any) -> None:
    """Add `models` to the command line."""
    parser = subparsers.add_parser("models", help="promote a model to champion, go back, list")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_promote(commands)

    returning = commands.add_parser(
        "rollback",
        help="return to an earlier champion",
        description="Make an earlier champion the champion again: the one before, or that of a "
        "number. The history stays; the return is one more line of it.",
    )
    returning.add_argument("--to", type=int, metavar="NUMBER", help="the number of an earlier one")
    _add_place(returning)
    returning.set_defaults(handler=_rollback)

    listing = commands.add_parser(
        "list", help="the champions of a name, the newest last; * marks the one in force"
    )
    _add_place(listing)
    listing.set_defaults(handler=_list)


def _add_promote(commands: Any) -> None:
    parser = commands.add_parser(
        "promote",
        help="make the best model of the report the champion, if it is better",
        description="Compare the best model of the newest report, by promotion.metric, with the "
        "champion on the same test rows; it becomes champion when it is better by "
        "promotion.margin. The first one of a name is promoted without a comparison.",
        epilog="Exit codes: 0 whether promoted or not (--json says which: promoted is true or "
        f"false); with --fail-if-not {STAYS} when the champion was kept; 1 failure, 2 when the "
        "report cannot tell.",
    )
    add_config_arguments(parser)
    parser.add_argument(
        "--model", metavar="NAME", help="bagging, boosting or deep; default: the best one"
    )
    parser.add_argument("--force", action="store_true", help="promote without a comparison")
    parser.add_argument(
        "--fail-if-not", action="store_true", help=f"exit code {STAYS} when the champion was kept"
    )
    parser.add_argument("--json", action="store_true", help="the outcome for programs")
    parser.set_defaults(handler=_promote)


def _add_place(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", metavar="FILE", help="a config, which names registry and name")
    where.add_argument("--registry", metavar="URI", help="the registry, with --name")
    parser.add_argument("--name", metavar="NAME", help="the champion's name, with --registry")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_overrides(parser)


def _promote(args: argparse.Namespace) -> int:
    job = load_job(args.config, args.overrides)
    outcome = promote(job, model=args.model, force=args.force, command=_command("promote", args))
    _tell(outcome, args)
    return STAYS if args.fail_if_not and outcome.name == "stays" else 0


def _rollback(args: argparse.Namespace) -> int:
    _tell(rollback(_place(args), to=args.to, command=_command("rollback", args)), args)
    return 0


def _list(args: argparse.Namespace) -> int:
    uri = _place(args)
    past = champions.history(uri)
    if args.json:
        sys.stdout.write(json.dumps(as_json(past), indent=2) + "\n")
    elif past:
        sys.stdout.write(as_table(past))
    else:
        sys.stderr.write(f"no champion below {uri}\n")
    return 0


def _tell(outcome: Outcome, args: argparse.Namespace) -> None:
    if args.json:
        sys.stdout.write(json.dumps(outcome.to_json(), indent=2) + "\n")
    else:
        sys.stdout.write(f"{outcome.sentence}\n")


def _place(args: argparse.Namespace) -> str:
    """Where the champions lie that the arguments name."""
    if args.config is not None:
        if args.name is not None:
            raise UserError("--name goes with --registry; a config names its champion itself")
        return load_job(args.config, args.overrides).champions_uri
    if args.name is None:
        raise UserError("--registry needs --name, the name of a champion")
    return champions.champions_uri(args.registry, args.name)


def _command(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, without secrets."""
    given = {key: value for key, value in vars(args).items() if value and not callable(value)}
    if "overrides" in given:
        given["overrides"] = [shown(item, FREE_KEYS) for item in given["overrides"]]
    return {"command": f"models {name}", **given}
