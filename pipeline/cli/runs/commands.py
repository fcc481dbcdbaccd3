"""`emr-ensembles runs list | show | compare`: what the records of runs say."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import files
from pipeline.cli.entry import add_overrides
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs.inputs import flat
from pipeline.config import load
from pipeline.errors import UserError
from pipeline.store.runs import RunPlace, list_runs, read_run, read_runs

_LONGEST = 72


def add_parser(subparsers: Any) -> None:
    """Add `runs` to the command line."""
    parser = subparsers.add_parser("runs", help="list, show and compare the runs of an output")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    listing = commands.add_parser("list", help="a line for each run, the newest last")
    _add_place(listing)
    listing.set_defaults(handler=_list)

    showing = commands.add_parser("show", help="one run: how each job ended, and its figures")
    showing.add_argument("run", nargs="?", help="its id, or the beginning of it; default: the last")
    showing.add_argument("--json", action="store_true", help="the record as it is")
    _add_place(showing)
    showing.set_defaults(handler=_show)

    comparing = commands.add_parser("compare", help="what differs between two runs")
    comparing.add_argument("first", help="a run's id, or the beginning of it")
    comparing.add_argument("second", help="another's")
    _add_place(comparing)
    comparing.set_defaults(handler=_compare)


def _add_place(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--output", metavar="URI", help="the output URI of the jobs")
    where.add_argument("--config", metavar="FILE", help="a config, which names it")
    add_overrides(parser)


def _list(args: argparse.Namespace) -> int:
    output = _output(args)
    found = read_runs(output)
    if not found:
        sys.stderr.write(f"no runs below {output}\n")
        return 0
    rows = [
        [
            record["run"],
            record["outcome"],
            _duration(record),
            str(record.get("name", "")),
            " ".join(f"{job}:{part['outcome']}" for job, part in record["jobs"].items()),
        ]
        for record in found
    ]
    _write_table([["run", "outcome", "took", "name", "jobs"], *rows])
    return 0


def _show(args: argparse.Namespace) -> int:
    record = _found(_output(args), args.run)
    if args.json:
        sys.stdout.write(json.dumps(record, indent=2) + "\n")
        return 0
    lines = [f"run      {record['run']} ({record.get('name', '')})"]
    lines += [f"outcome  {record['outcome']}{_code(record)}", f"started  {record['started']}"]
    lines += [f"took     {_duration(record)}", f"data     {record['data_fingerprint'] or '-'}"]
    sys.stdout.write("\n".join(lines) + "\n\n")
    rows = [
        [
            job,
            part["outcome"] + _code(part),
            f"{part['seconds']:.0f} s" if part.get("seconds") is not None else "-",
            _short(part.get("error") or part.get("reason") or ", ".join(_figures(part)) or "-"),
        ]
        for job, part in record["jobs"].items()
    ]
    _write_table([["job", "outcome", "took", ""], *rows])
    for part in record["jobs"].values():
        if part.get("error"):
            sys.stdout.write(f"\n{part['job']}: {part['error']}\nfull log: {part.get('log')}\n")
    return 0


def _compare(args: argparse.Namespace) -> int:
    output = _output(args)
    one, two = _found(output, args.first), _found(output, args.second)
    rows = [["", one["run"], two["run"]]]
    for key in ("outcome", "started", "data_fingerprint"):
        rows.append([key, _short(one[key]), _short(two[key])])
    for section in ("config", "versions", "locks"):
        rows += _differing(section, flat(one.get(section, {})), flat(two.get(section, {})))
    rows += _differing("", _all_figures(one), _all_figures(two), also_equal=True)
    _write_table(rows)
    return 0


def _differing(
    section: str, one: Mapping[str, Any], two: Mapping[str, Any], *, also_equal: bool = False
) -> list[list[str]]:
    rows = []
    for key in dict.fromkeys([*one, *two]):
        if also_equal or one.get(key) != two.get(key):
            name = f"{section}.{key}" if section else key
            rows.append([name, _short(one.get(key)), _short(two.get(key))])
    return rows


def _all_figures(record: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for job, part in record["jobs"].items():
        metrics = flat(part.get("metrics") or {})
        found.update({f"{job}: {name}": value for name, value in metrics.items()})
    return found


def _figures(part: Mapping[str, Any]) -> list[str]:
    found = flat(part.get("metrics") or {})
    return [f"{name} {_number(value)}" for name, value in found.items()]


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _found(output: str, name: str | None) -> dict[str, Any]:
    known = list_runs(output)
    if name is None:
        if not known:
            raise UserError(f"{output}: no runs there")
        return read_run(RunPlace(output, str(read_runs(output)[-1]["run"])))
    alike = [run for run in known if run == name] or [run for run in known if run.startswith(name)]
    if len(alike) > 1:
        raise UserError(f"run {name}: more than one begins so: {', '.join(alike[:5])}")
    return read_run(RunPlace(output, alike[0] if alike else name))


def _output(args: argparse.Namespace) -> str:
    if args.output:
        return files.absolute(args.output)
    return load(JobConfig, args.config, args.overrides, FREE_KEYS).output


def _duration(record: Mapping[str, Any]) -> str:
    if not record.get("ended"):
        return "-"
    began, ended = (datetime.datetime.fromisoformat(record[key]) for key in ("started", "ended"))
    return f"{(ended - began).total_seconds():.0f} s"


def _code(part: Mapping[str, Any]) -> str:
    return f" ({part['exit_code']})" if part.get("exit_code") else ""


def _short(value: Any) -> str:
    text = "-" if value is None else " ".join(_number(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _write_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
