"""`emr-ensembles config init`: look at a table, write a commented config for it."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.init.local_session import local_session
from pipeline.cli.init.look import Look, look
from pipeline.cli.init.text import config_text, printable, rows_in_words
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load, validate
from pipeline.data.settings import SourceSettings
from pipeline.errors import UserError

FORMATS = ("parquet", "csv", "json", "orc", "table")
ROWS = 200_000

_ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".orc": "orc",
}
_COMPRESSED = (".gz", ".bz2", ".zst", ".snappy", ".lz4", ".deflate")
_OTHERS = 5


def add_parser(subparsers: Any) -> None:
    """Add `init` to the commands of `config`."""
    parser = subparsers.add_parser(
        "init",
        help="look at a table and write a config for it",
        description="Look at a table and write a commented config that runs all jobs: how the "
        "table is read, what its columns are for, params that suit its size. What is guessed has "
        "its reason beside it.",
    )
    parser.add_argument("table", metavar="TABLE", help="a file, a directory, or a catalog's table")
    parser.add_argument("--format", choices=FORMATS, help="by default as the name ends")
    parser.add_argument("--label", metavar="COLUMN", help="the class to be predicted")
    parser.add_argument("--output-uri", metavar="URI", help="where jobs write; default: out/NAME")
    parser.add_argument("--name", help="the job's name; default: the table's")
    parser.add_argument("--file", metavar="FILE", help="the file to write; default: NAME.yaml")
    parser.add_argument(
        "--rows",
        type=int,
        default=ROWS,
        metavar="N",
        help=f"look at so many rows at most; default: {ROWS}",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="options",
        help="an option of Spark's reader, e.g. --option sep=';'; may be repeated",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Look, write the file, say what was guessed and what to do next; returns the exit code."""
    if args.rows < 1:
        raise UserError(f"--rows {args.rows}: must be at least 1")
    name = args.name or _name(args.table)
    target = Path(args.file or f"{_slug(name)}.yaml")
    _require_free(target, args.force)
    source = source_of(args.table, args.format, args.options)
    with local_session(f"look at {name}") as spark:
        found = look(spark, source, args.label, args.rows)
    write(found, name, args.output_uri or f"out/{_slug(name)}", target, force=args.force)
    sys.stdout.write("\n".join(_report(found, target)) + "\n")
    return 0


def source_of(table: str, given: str | None, options: Sequence[str] = ()) -> SourceSettings:
    """Where the table is and how it is read.

    Parameters
    ----------
    table : str
        A URI, or a name in Spark's catalog.
    given : str, optional
        Its format; by default the name's ending tells, or those of a directory's files.
    options : sequence of str
        `key=value` each, for Spark's reader.

    Raises
    ------
    UserError
        When the format is not known, or an option has no `=`.
    """
    kind: Any = given or _format(table)
    place = {"table": table} if kind == "table" else {"uri": table}
    whole = {"kind": kind, "options": dict(map(_option, options)), **place}
    return validate(SourceSettings, whole, "--option")


def write(found: Look, name: str, output: str, target: Path, *, force: bool = False) -> None:
    """Write the config, whole, after it has been read as the jobs will read it.

    Raises
    ------
    UserError
        When the file is there already and `force` is not given.
    StoreError
        When it cannot be written.
    """
    text = config_text(found, name, output)
    _require_loadable(text)
    place = files.absolute(str(target))
    if force:
        files.write_bytes(place, text.encode())
        return
    try:
        files.create_bytes(place, text.encode())
    except FileExistsError:
        _require_free(target, force)


def _require_loadable(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "job.yaml")
        file.write_text(text, encoding="utf-8")
        load(JobConfig, file, (), FREE_KEYS)


def _require_free(target: Path, force: bool) -> None:
    if not force and target.exists():
        raise UserError(
            f"{target}: is there already; name another file with --file, or replace it with --force"
        )


def _report(found: Look, target: Path) -> list[str]:
    """The last lines on the terminal."""
    label = found.label
    lines = [f"{target}: written after a look at {rows_in_words(found)}"]
    roles = Counter(guess.role for guess in found.guesses.values())
    lines.append(
        f"columns: {roles['feature'] + roles['vector']} to learn from, {roles['drop']} dropped; "
        "the file says why"
    )
    told = f"label: {label.name} ({found.guesses[label.name].reason})"
    if not label.is_given:
        told += "; check this"
        if label.others:
            told += f", it could also be {', '.join(label.others[:_OTHERS])}"
    config = shlex.quote(str(target))
    lines += [
        printable(told),
        "next: emr-ensembles local up",
        f"      emr-ensembles run --cluster out/cluster --config {config}",
    ]
    return lines


def _format(table: str) -> str:
    found = _ending(table)
    if found is None and (files.is_local(table) and files.local_path(table).is_dir()):
        inside = Counter(filter(None, map(_ending, files.names(table))))
        found = inside.most_common(1)[0][0] if inside else None
    if found is None:
        raise UserError(
            f"{table}: its name does not tell the format; add --format, one of {', '.join(FORMATS)}"
        )
    return found


def _ending(name: str) -> str | None:
    path = Path(_plain(name))
    return _ENDINGS.get(path.suffix.lower())


def _plain(name: str) -> str:
    """The last part of a path, without the ending of a compressed file."""
    last = name.rstrip("/").rpartition("/")[2]
    return next((last.removesuffix(end) for end in _COMPRESSED if last.endswith(end)), last)


def _name(table: str) -> str:
    plain = Path(_plain(table))
    stem = plain.stem if plain.suffix.lower() in _ENDINGS else plain.name
    return _slug(stem)


def _slug(name: str) -> str:
    """The name as a part of a path."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "table"


def _option(text: str) -> tuple[str, str | bool]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UserError(f"--option {text}: expected key=value")
    # Only these change their meaning: nullValue=010 must not become a number.
    return key, {"true": True, "false": False}.get(value.lower(), value)
