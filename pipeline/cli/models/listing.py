"""The history of a name's champions, as a table or for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.store.champions import Champion

_HEAD = ("number", "when", "what", "model", "metric", "value", "before", "run")


def as_table(past: Sequence[Champion]) -> str:
    """A line for each promotion and each return, the newest last; `*` marks the champion."""
    rows = [_HEAD, *(_row(entry) for entry in past)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    marks = ["  "] * len(past) + ["* "]
    lines = []
    for mark, row in zip(marks, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append((mark + "  ".join(cells)).rstrip())
    return "\n".join(lines) + "\n"


def as_json(past: Sequence[Champion]) -> list[dict[str, Any]]:
    """The records, each with its number, the model's URI, and whether it is the champion."""
    return [
        {
            **entry.facts,
            "is_champion": entry is past[-1],
            **{key: value for key, value in entry.record.items() if key != "format"},
        }
        for entry in past
    ]


def _row(entry: Champion) -> tuple[str, ...]:
    record = entry.record
    what = f"back to {record['to']}" if record["kind"] == "rollback" else "promoted"
    return (
        str(entry.number),
        str(record["when"])[:19],
        what,
        entry.trainer,
        str(record.get("metric") or "-"),
        _figure(record.get("value")),
        _figure(record.get("champion_value")),
        str(record.get("run") or "-"),
    )


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else "-"
