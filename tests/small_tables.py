"""Small tables on disk, to be changed for the worse, and a config around them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.cli.jobs_in_process import Workshop

ROWS = 60
Write = Callable[[Path], None]
"""Puts a table into a directory, as the file `table`."""

NAN, INF = math.nan, math.inf
DAY = datetime.date(2024, 2, 29)


def table(rows: int = ROWS, /, **columns: Any) -> pa.Table:
    """A table that works, with some columns changed; None leaves a column out."""
    data: dict[str, Any] = {
        "x": [float(i % 7) for i in range(rows)],
        "flag": [i % 3 == 0 for i in range(rows)],
        "zone": [f"0{i % 4}" for i in range(rows)],
        "y": [i % 2 for i in range(rows)],
        **columns,
    }
    return pa.table({name: values for name, values in data.items() if values is not None})


def mostly(value: Any, odd: Any, rows: int = ROWS) -> list[Any]:
    """A column of one value, but for every twentieth row, which holds another."""
    return [odd if i % 20 == 0 else value for i in range(rows)]


def parquet(table: pa.Table) -> Write:
    """Writes a table as Parquet."""
    return lambda place: pq.write_table(table, place / "table")


def text(content: str) -> Write:
    """Writes a text."""

    def write(place: Path) -> None:
        (place / "table").write_text(content)

    return write


def nothing(place: Path) -> None:
    """No file at all."""


def below_a_file(place: Path) -> None:
    """A file, where a path below it is asked for."""
    (place / "file").write_text("not a directory")


def made(place: Path, config: dict[str, Any]) -> Workshop:
    """A workshop whose source is the file `table`; the config's paths in `file/` are made whole."""
    config = dict(config)
    source = {"kind": "parquet", "uri": str(place / "table"), **config.pop("source", {})}
    for holder, key in ((source, "uri"), (config, "output"), (config, "scratch")):
        if str(holder.get(key, "")).startswith("file/"):
            holder[key] = str(place / holder[key])
    columns = config.pop("columns", {"label": "y"})
    return Workshop(place, {"source": source, "columns": columns, "seed": 3, **config})
