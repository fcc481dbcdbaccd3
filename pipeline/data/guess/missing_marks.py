"""Marks such as NA or ? that stand for a missing number and turn its column into text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

MARKS = (
    *("NA", "N/A", "n/a", "#N/A", "?", "-", "--", ".", "null", "NULL", "None", "none", "nan"),
    *("inf", "-inf"),  # as pandas writes them; Spark knows Inf
)

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


def marked_columns(df: DataFrame, texts: Sequence[str]) -> dict[str, str]:
    """Text columns that hold numbers and one mark, and nothing else; one Spark job.

    Parameters
    ----------
    df : DataFrame
        The table.
    texts : sequence of str
        Its text columns.

    Returns
    -------
    dict of str to str
        The mark of each column that has one.
    """
    places = [df.columns.index(name) for name in texts]
    if not places:
        return {}
    plain = df.toDF(*[f"c{place}" for place in range(len(df.columns))])
    counts = plain.agg(*[item for place in places for item in _counts(place)]).collect()[0]
    found = {name: _mark(counts[f"{place}"]) for name, place in zip(texts, places, strict=True)}
    return {name: mark for name, mark in found.items() if mark is not None}


def commonest(marks: Mapping[str, str]) -> str | None:
    """The mark of the most columns, since a reader takes one only; None when there is none."""
    return Counter(marks.values()).most_common(1)[0][0] if marks else None


def _counts(place: int) -> list[Column]:
    value = F.col(f"c{place}")
    counted = [F.count(value), F.count_if(value.rlike(_NUMBER))]
    counted += [F.count_if(value == mark) for mark in MARKS]
    return [F.array(*counted).alias(f"{place}")]


def _mark(counts: Sequence[int]) -> str | None:
    texts, numbers, *marked = counts
    for mark, count in zip(MARKS, marked, strict=True):
        if numbers and count and numbers + count == texts:
            return mark
    return None
