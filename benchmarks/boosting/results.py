"""The file of results and the table on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import common

NATIVE, NATIVE_ONE = "native, 2 threads", "native, 1 thread"
RABIT, APART = "bare rabit, 2 x 1", "rabit apart, 2 x 1"
OURS, OURS_TWO = "ours, 1 x 2", "ours, 2 x 1"
OURS_BARE = "ours, 1 x 2, no checkpoints"
SAMPLED, SAMPLED_BARE = "ours, 1 x 2, subsample 0.5", "ours, 1 x 2, subsample 0.5, no checkpoints"
SPARK_TWO, SPARK_ONE = "xgboost.spark, 2 x 1", "xgboost.spark, 1 x 2"
IN_MEMORY, ON_DISK, LARGE = "bins in memory", "bins on disk", "large shard, bins on disk"

PATH = common.RESULTS / "boosting.csv"
# Seconds are the least of the repeats, of all that `what` does; `loop_s` are those of the rounds,
# and `cpu_s` CPU seconds of all processes in the repeat that took least. `loaded` counts the
# repeats under foreign load that are among the figures, `discarded` those that are not.
FIELDS = (
    *common.ORIGIN,
    *("what", "rows", "columns", "rounds", "repeats", "discarded", "loaded"),
    *("seconds", "seconds_max", "cpu_s", "binning_s", "loop_s", "loop_max_s", "loop_cpu_s"),
    *("ratio", "auc", "memory_mib", "bytes_per_row", "bytes_per_value", "note"),
)
_SHOWN = {
    **{"what": "what", "rows": "rows", "repeats": "repeats", "seconds": "s", "seconds_max": "to"},
    **{"cpu_s": "CPU s", "binning_s": "binning s", "loop_s": "loop s", "loop_max_s": "to"},
    **{"loop_cpu_s": "CPU s", "ratio": "/ ours", "auc": "test AUC", "note": "note"},
}
_SHOWN_OF_MEMORY = {
    **{"what": "what", "rows": "rows", "columns": "columns", "seconds": "s"},
    **{"memory_mib": "MiB", "bytes_per_row": "bytes / row", "bytes_per_value": "bytes / value"},
    **{"note": "note"},
}


@dataclass
class Timing:
    """One repeat.

    Parameters
    ----------
    seconds : float
        Of all that was asked for.
    loop, binning, loop_cpu : float or None
        Of the rounds, of the bins, CPU seconds of the rounds; None: not known.
    cpu : float
        CPU seconds of all processes.
    is_quiet : bool
        Whether nobody else used the machine.
    times : float
        Seconds are so many times those that were measured, and CPU seconds are to be.
    """

    seconds: float
    loop: float | None = None
    binning: float | None = None
    loop_cpu: float | None = None
    cpu: float = 0.0
    is_quiet: bool = True
    times: float = 1.0


@dataclass
class Figures:
    """What was measured of one contender."""

    what: str
    rows: int
    rounds: int
    columns: int
    timings: list[Timing] = field(default_factory=list)
    discarded: int = 0
    auc: float | None = None
    memory_mib: float | None = None
    bytes_per_row: float | None = None
    bytes_per_value: float | None = None
    note: str = ""

    @property
    def best(self) -> Timing:
        """The repeat that took least."""
        return min(self.timings, key=lambda timing: timing.seconds)

    @property
    def seconds(self) -> float:
        """The least of the repeats."""
        return self.best.seconds

    @property
    def loops(self) -> list[Timing]:
        """Repeats whose loop is known, the least first."""
        known = [timing for timing in self.timings if timing.loop is not None]
        return sorted(known, key=lambda timing: timing.loop or 0.0)

    @property
    def loop(self) -> float:
        """The least of the repeats, of the rounds alone."""
        if not self.loops or self.loops[0].loop is None:
            raise ValueError(f"{self.what}: nobody told the seconds of its loop")
        return self.loops[0].loop

    @property
    def loaded(self) -> int:
        """Repeats under foreign load."""
        return sum(not timing.is_quiet for timing in self.timings)


def rows(figures: Iterable[Figures]) -> list[dict[str, Any]]:
    """Rows of the file."""
    measured = [item for item in figures if item.timings]
    ours = {item.rows: item.seconds for item in measured if item.what == OURS}
    origin = common.origin()
    return [{**origin, **_row(item, ours.get(item.rows))} for item in measured]


def _row(item: Figures, ours_s: float | None) -> dict[str, Any]:
    loops = item.loops
    return {
        "what": item.what,
        "rows": item.rows,
        "columns": item.columns,
        "rounds": item.rounds,
        "repeats": len(item.timings),
        "discarded": item.discarded,
        "loaded": item.loaded,
        "seconds": round(item.seconds, 2),
        "seconds_max": round(max(timing.seconds for timing in item.timings), 2),
        "cpu_s": round(item.best.cpu, 2),
        "binning_s": _rounded(item.best.binning, 2),
        "loop_s": _rounded(loops[0].loop if loops else None, 2),
        "loop_max_s": _rounded(loops[-1].loop if loops else None, 2),
        "loop_cpu_s": _rounded(loops[0].loop_cpu if loops else None, 2),
        "ratio": "" if ours_s is None else round(item.seconds / ours_s, 3),
        "auc": _rounded(item.auc, 4),
        "memory_mib": _rounded(item.memory_mib, 1),
        "bytes_per_row": _rounded(item.bytes_per_row, 1),
        "bytes_per_value": _rounded(item.bytes_per_value, 2),
        "note": item.note,
    }


def _rounded(value: float | None, digits: int) -> float | str:
    return "" if value is None else round(value, digits)


def markdown(found: Sequence[dict[str, Any]], *, of_memory: bool = False) -> str:
    """The rows as a Markdown table."""
    shown = _SHOWN_OF_MEMORY if of_memory else _SHOWN
    body = [_line(row[name] for name in shown) for row in found]
    return "\n".join([_line(shown.values()), _line("---" for _ in shown), *body])


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
