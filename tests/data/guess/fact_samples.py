"""Facts of columns, as a look at a table of 1,000 rows would find them."""

from __future__ import annotations

from typing import Any

from pipeline.data.guess.facts import ColumnFacts

ROWS = 1_000


def number(name: str, distinct: int = 300, **more: Any) -> ColumnFacts:
    given = {"least": 0.5, "greatest": 99.5, **more}
    return ColumnFacts(name, "double", "number", ROWS, distinct=distinct, **given)


def whole(name: str, distinct: int = 300, **more: Any) -> ColumnFacts:
    given = {"least": 0, "greatest": distinct - 1, "is_whole": True, **more}
    return ColumnFacts(name, "int", "number", ROWS, distinct=distinct, **given)


def text(name: str, distinct: int = 3, **more: Any) -> ColumnFacts:
    values = tuple("abcdefghijklmnopqrst"[: min(distinct, 20)])
    return ColumnFacts(
        name, "string", "text", ROWS, **{"distinct": distinct, "values": values, **more}
    )


def row_number(name: str, least: int = 0) -> ColumnFacts:
    return whole(name, ROWS, least=least, greatest=least + ROWS - 1)


def other(name: str, type_: str, kind: Any, **more: Any) -> ColumnFacts:
    return ColumnFacts(name, type_, kind, ROWS, **more)
