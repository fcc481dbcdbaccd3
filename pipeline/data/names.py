"""Columns by name: references that survive odd names, and help for mistyped ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

from pipeline.errors import DataError

_LISTED = 20


def column(name: str) -> Column:
    """A reference to a top-level column; dots and backticks in its name mean themselves."""
    return F.col(quoted(name))


def quoted(name: str) -> str:
    """A column's name as SQL reads it."""
    return "`" + name.replace("`", "``") + "`"


def missing(name: str, known: Sequence[str], role: str) -> str:
    """The sentence for a column that is not there, with the nearest name that is."""
    same = [other for other in known if other.lower() == name.lower()]
    near = same or difflib.get_close_matches(name, known, n=1)
    rest = "" if len(known) <= _LISTED else f" and {len(known) - _LISTED} more"
    listed = f"the table has: {', '.join(known[:_LISTED])}{rest}"
    hint = f"did you mean {near[0]}?" if near else listed
    return f"{role}: no column {name} in the table; {hint}"


def require(df: DataFrame, names: Iterable[str], role: str) -> None:
    """Refuse names that are not columns of `df`.

    Raises
    ------
    DataError
        One sentence for each such name.
    """
    problems = [missing(name, df.columns, role) for name in names if name not in df.columns]
    if problems:
        raise DataError("\n".join(problems))


def require_free(df: DataFrame, name: str) -> None:
    """Refuse a table that already has a column of the name that is about to be added.

    Raises
    ------
    DataError
        When it has; Spark's own names are compared without regard to case.
    """
    taken = [other for other in df.columns if other.lower() == name.lower()]
    if taken:
        raise DataError(f"column {taken[0]}: the name is needed by the pipeline; rename the column")
