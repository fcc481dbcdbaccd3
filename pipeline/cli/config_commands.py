"""`emr-ensembles config check | show | schema | init`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.cli.config_listing import listing
from pipeline.cli.entry import add_config_arguments
from pipeline.cli.init import command as config_init
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import HIDDEN, Entry, Loaded, read

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SCHEMA_FILE = "conf/job.schema.json"
"""Where the repository keeps what `config schema` prints, for editors."""


def add_parser(subparsers: Subparsers) -> None:
    """Add `config` and its commands; each sets `handler`, a function of the arguments."""
    text = "Check, show, describe or begin the YAML that drives all jobs. Only init starts Spark."
    config = subparsers.add_parser(
        "config", help="check, show, describe or begin a job's YAML", description=text
    )
    commands = config.add_subparsers(dest="config_command", metavar="COMMAND", required=True)
    _add(
        commands,
        "check",
        "tell all that is wrong with a config",
        "Tell all that is wrong with a config, each with its line and key. Exit code 0 when it "
        "is valid, 2 otherwise.",
        check,
    )
    shown = _add(
        commands,
        "show",
        "print the effective values and where each came from",
        "Print every key with its effective value and, as a comment, where it came from: a line "
        "of the file, --set, or the default. The output is a config itself; secrets are hidden.",
        show,
    )
    shown.add_argument("--json", action="store_true", help="print JSON instead of YAML")
    _add_schema(commands)
    config_init.add_parser(commands)


def check(args: argparse.Namespace) -> int:
    """Print `F: ok`, or raise a `ConfigError` with all problems."""
    _read(args)
    sys.stdout.write(f"{args.config}: ok\n")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print the effective values and their origins."""
    entries = _read(args).entries()
    if args.json:
        told = json.dumps([_record(entry) for entry in entries], indent=2, default=str) + "\n"
    else:
        told = listing(entries)
    sys.stdout.write(told)
    return 0


def schema(args: argparse.Namespace) -> int:
    """Print the JSON schema, or write it to a file."""
    text = schema_text()
    if args.output is None:
        sys.stdout.write(text)
    else:
        files.write_bytes(args.output, text.encode("utf-8"))
    return 0


def schema_text() -> str:
    """The JSON schema of a job's YAML, as it is published."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    title = {"title": "A job of emr-ensembles", "type": "object"}
    found = {**dialect, **JobConfig.model_json_schema(), **title}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _add(
    commands: Subparsers,
    name: str,
    short: str,
    long: str,
    handler: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=short, description=long)
    add_config_arguments(parser)
    parser.set_defaults(handler=handler)
    return parser


def _add_schema(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "schema",
        help="print the JSON schema of a config, for editors",
        description="Print the JSON schema of a config. An editor that knows YAML's language "
        "server checks and completes a file whose first line is "
        "`# yaml-language-server: $schema=FILE`.",
    )
    parser.add_argument("--output", metavar="FILE", help="write it there instead of printing it")
    parser.set_defaults(handler=schema)


def _read(args: argparse.Namespace) -> Loaded[JobConfig]:
    return read(JobConfig, args.config, args.overrides, FREE_KEYS)


def _record(entry: Entry) -> dict[str, Any]:
    value, raw = (HIDDEN, None) if entry.is_secret else (entry.value, entry.raw)
    record = {"key": entry.key, "value": value, "origin": entry.origin}
    return record if raw is None else {**record, "raw": raw}
