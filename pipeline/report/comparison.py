"""The columns of the comparison table, and what counts as best: one rule for page and terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.report.model_card import ModelResult

TIE = 0.0005
"""Scores nearer than this are called level: the difference is invisible at three decimals."""

MISSING = "-"


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Parameters
    ----------
    title : str
        Heading.
    note : str
        What the number is and which way is better, in a few words.
    value : callable
        The number of a model; NaN when it has none.
    show : callable
        The number as text.
    cost : callable
        What to minimise: the best model has the least.
    tie : float
        Costs this near to the least are best too.
    """

    title: str
    note: str
    value: Callable[[ModelResult], float]
    show: Callable[[float], str]
    cost: Callable[[float], float]
    tie: float = TIE


@dataclass(frozen=True)
class Cell:
    """A number as text, and whether it is the best of its column."""

    text: str
    best: bool


def score(value: float) -> str:
    """A score with four decimals."""
    return MISSING if math.isnan(value) else f"{value:.4f}"


def signed(value: float) -> str:
    """A difference with its sign."""
    return MISSING if math.isnan(value) else f"{value:+.4f}"


def duration(seconds: float) -> str:
    """A time as people say it: 0.52 s, 41.3 s, 4 min 05 s, 2 h 10 min."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def columns(results: Sequence[ModelResult]) -> list[Column]:
    """The table's columns; the out-of-bag error only when a model has it."""
    all_columns = [
        Column("Test AUC", "higher is better", _of("auc"), score, lambda value: -value),
        Column("Test log loss", "lower is better", _of("log_loss"), score, lambda value: value),
        Column("Test accuracy", "higher is better", _of("accuracy"), score, lambda value: -value),
        Column("AUC gap", "train - test; near 0 is better", lambda m: m.auc_gap, signed, abs),
    ]
    if any(math.isfinite(result.out_of_bag_error) for result in results):
        all_columns.append(
            Column(
                "Out-of-bag error",
                "lower is better",
                lambda m: m.out_of_bag_error,
                score,
                lambda value: value,
            )
        )
    all_columns.append(
        Column(
            "Training time",
            "shorter is cheaper",
            lambda m: m.fit_seconds,
            duration,
            lambda value: value,
            tie=0,
        )
    )
    return all_columns


def cells(column: Column, results: Sequence[ModelResult]) -> list[Cell]:
    """The column's text per model; best is marked only where two or more can be compared."""
    values = [column.value(result) for result in results]
    known = [column.cost(value) for value in values if math.isfinite(value)]
    limit = min(known) + column.tie if len(known) > 1 else -math.inf
    return [
        Cell(column.show(value), math.isfinite(value) and column.cost(value) <= limit)
        for value in values
    ]


def _of(measure: str) -> Callable[[ModelResult], float]:
    return lambda result: result.score("test", measure)
