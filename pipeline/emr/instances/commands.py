"""`emr-ensembles instances list | show | check`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pipeline.emr.instances.catalogue import InstanceType, find_type, instance_types
from pipeline.emr.instances.launch import Region, Wanted, check_launch
from pipeline.emr.instances.listing import as_json, details, findings, table
from pipeline.emr.instances.release import TARGET, Release, parse_release, unsupported
from pipeline.emr.instances.verdict import TRAINERS, verdict
from pipeline.errors import UserError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add `instances` and its commands; each sets `handler`, a function of the arguments."""
    text = "EC2's GPU instance types: what each has, and what can train on it under EMR."
    instances = subparsers.add_parser("instances", help="GPU instance types", description=text)
    commands = instances.add_subparsers(dest="instances_command", metavar="COMMAND", required=True)
    _add_list(commands)
    _add_show(commands)
    _add_check(commands)


def _add_list(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "list",
        help="a line for each type",
        description="All GPU types, or with --trainer or --release those that are offered.",
    )
    parser.add_argument("--trainer", choices=TRAINERS, help="only where it can run")
    parser.add_argument(
        "--release", metavar="LABEL", help=f"only what it launches; states are of {TARGET} else"
    )
    parser.add_argument("--json", action="store_true", help="all of each, for programs")
    parser.set_defaults(handler=_list)


def _add_show(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "show", help="all of one type", description="All of one type, with reasons."
    )
    parser.add_argument("type", metavar="TYPE", help="e.g. g5.xlarge")
    _add_release(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(handler=_show)


def _add_check(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "check",
        help="whether the account's region can launch types",
        description="Ask the account's region whether it offers the types and whether the quota of "
        "vCPUs is enough for all of them together; what runs already counts too. Exit code 0: all "
        "can be launched; 2: not all. EC2 may still be short of a type at the moment.",
    )
    parser.add_argument(
        "types", nargs="+", metavar="TYPE[:COUNT]", help="e.g. g5.xlarge or g4dn.xlarge:4"
    )
    parser.add_argument("--region", metavar="REGION", help="default: that of the AWS settings")
    parser.add_argument("--spot", action="store_true", help="as Spot instances")
    parser.add_argument("--trainer", choices=TRAINERS, help="what shall run there; default: any")
    _add_release(parser)
    parser.set_defaults(handler=_check)


def _add_release(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--release", default=str(TARGET), metavar="LABEL", help=f"EMR's (default: {TARGET})"
    )


def _list(args: argparse.Namespace) -> int:
    release = TARGET if args.release is None else _release(args.release)
    found = list(instance_types().values())
    if args.trainer is not None or args.release is not None:
        trainers = TRAINERS if args.trainer is None else (args.trainer,)
        found = [
            each
            for each in found
            if any(verdict(each, trainer, release).offered for trainer in trainers)
        ]
    if args.json:
        return _write_json([as_json(each, release) for each in found])
    return _write(table(found, release))


def _show(args: argparse.Namespace) -> int:
    instance, release = find_type(args.type), _release(args.release)
    if args.json:
        return _write_json(as_json(instance, release))
    return _write(details(instance, release))


def _check(args: argparse.Namespace) -> int:
    release = _release(args.release)
    wishes: dict[InstanceType, int] = {}
    for text in args.types:
        wish = _wanted(text)
        wishes[wish.instance] = wishes.get(wish.instance, 0) + wish.count
    found = check_launch(
        [Wanted(instance, count) for instance, count in wishes.items()],
        Region(args.region),
        release,
        TRAINERS if args.trainer is None else (args.trainer,),
        spot=args.spot,
    )
    _write(findings(found))
    return 2 if any(each.problems for each in found) else 0


def _release(label: str) -> Release:
    release = parse_release(label)
    problem = unsupported(release)
    if problem is not None:
        raise UserError(f"--release: {problem}")
    return release


def _wanted(text: str) -> Wanted:
    name, colon, count = text.partition(":")
    if colon and not (count.isdecimal() and int(count)):
        raise UserError(f"{text}: after the colon goes a number of instances, as in {name}:4")
    return Wanted(find_type(name), int(count or 1))


def _write_json(value: object) -> int:
    return _write([json.dumps(value, indent=2)])


def _write(lines: list[str]) -> int:
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
