"""The file of results, the table on the terminal, and the goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import common

OURS, START_UP, IDEAL, CURVE = "ours", "start-up", "ideal", "ours, curve"

PATH = common.RESULTS / "bagging.csv"
# `ratio` is the seconds over ours in the same run, `memory_ratio` the memory over that with the
# fewest replicas.
FIELDS = (
    *common.ORIGIN,
    *("what", "rows", "replicas", "repeats", "seconds", "seconds_min", "seconds_max"),
    *("ratio", "auc", "memory_mib", "memory_ratio", "note"),
)
_SHOWN = {
    **{name: name for name in ("what", "replicas", "repeats", "seconds")},
    **{"seconds_min": "min", "seconds_max": "max", "ratio": "/ ours", "auc": "test AUC"},
    **{"memory_mib": "MiB", "note": "note"},
}


@dataclass
class Figures:
    """What was measured of one contender, or at one number of replicas."""

    what: str
    replicas: int
    seconds: list[float] = field(default_factory=list)
    auc: float | None = None
    memory_mib: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Goal:
    """Something that should hold.

    Parameters
    ----------
    sentence : str
        What should hold, and the figures.
    is_met : bool
        Whether it does.
    """

    sentence: str
    is_met: bool

    def __str__(self) -> str:
        return f"{'met   ' if self.is_met else 'MISSED'}  {self.sentence}"


def rows(figures: Iterable[Figures], training_rows: int) -> list[dict[str, Any]]:
    """Rows of the file."""
    measured = [item for item in figures if item.seconds]
    ours_s = {item.replicas: item.median for item in measured if item.what == OURS}
    memory = [item.memory_mib for item in measured if item.memory_mib is not None]
    origin = common.origin()
    return [
        {
            **origin,
            "what": item.what,
            "rows": training_rows,
            "replicas": item.replicas,
            "repeats": len(item.seconds),
            "seconds": round(item.median, 2),
            "seconds_min": round(min(item.seconds), 2),
            "seconds_max": round(max(item.seconds), 2),
            "ratio": _divided(item.median, ours_s.get(item.replicas)),
            "auc": "" if item.auc is None else round(item.auc, 4),
            "memory_mib": "" if item.memory_mib is None else round(item.memory_mib, 1),
            "memory_ratio": _divided(item.memory_mib, memory[0] if memory else None),
            "note": item.note,
        }
        for item in measured
    ]


def _divided(part: float | None, whole: float | None) -> float | str:
    return "" if part is None or not whole else round(part / whole, 3)


def markdown(found: Sequence[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    body = [_line(row[name] for name in _SHOWN) for row in found]
    return "\n".join([_line(_SHOWN.values()), _line("---" for _ in _SHOWN), *body])


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
