"""The file of results, and what should hold between the figures."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import common
from benchmarks.bagging.results import Goal
from benchmarks.deep.ways import LOSSES, REMEDIES

ONE, BOTH = "plain MXNet, one core", "plain MXNet, both cores"
BARE, APART = "bare Horovod, 2 x 1", "apart, 2 x 1"
OURS_TWO, OURS = "ours, 2 x 1", "ours, 1 x 2"
FEEDING = "feeding, one core"
TORCH = "TorchDistributor, 2 x 1"

PATH = common.RESULTS / "deep.csv"
# Rows a second of the best epoch, and of the slowest repeat's best; `discarded` repeats were under
# foreign load.
FIELDS = (
    *common.ORIGIN,
    *("what", "batch", "repeats", "discarded", "rows_per_s", "rows_per_s_least", "note"),
)
_OF_LIMIT = 0.95
_FEEDING_TIMES = 5.0


@dataclass
class Figures:
    """What was measured of one contender at one batch size.

    Parameters
    ----------
    what : str
        The contender.
    batch : int
        Rows of a batch on each worker.
    rates : list of float
        Rows a second of each repeat's best epoch.
    discarded : int
        Repeats that were done again.
    note : str
        What to know about the figures.
    """

    what: str
    batch: int
    rates: list[float] = field(default_factory=list)
    discarded: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        """The best of the repeats."""
        return max(self.rates)


Table = Mapping[tuple[str, int], Figures]


def rows(figures: Iterable[Figures]) -> list[dict[str, Any]]:
    """Rows of the file."""
    origin = common.origin()
    return [
        {
            **origin,
            "what": each.what,
            "batch": each.batch,
            "repeats": len(each.rates),
            "discarded": each.discarded,
            "rows_per_s": round(each.rate),
            "rows_per_s_least": round(min(each.rates)),
            "note": each.note,
        }
        for each in figures
        if each.rates
    ]


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """A table: contenders down, batch sizes across."""
    batches = sorted({int(row["batch"]) for row in found})
    names = list(dict.fromkeys(str(row["what"]) for row in found))
    rates = {(str(row["what"]), int(row["batch"])): row["rows_per_s"] for row in found}
    lines = [
        ["rows a second, batch per worker", *map(str, batches)],
        ["---"] * (len(batches) + 1),
        *([name, *(str(rates.get((name, batch), "")) for batch in batches)] for name in names),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@dataclass(frozen=True)
class Exchange:
    """A step of two ranks in which nothing overlaps, in seconds.

    Parameters
    ----------
    computing : float
        Before the exchange, of the slower rank.
    one, other : float
        Within the exchange: that of the rank that came first includes its waiting.
    """

    computing: float
    one: float
    other: float

    @property
    def travelling(self) -> float:
        """Of the exchange, what nobody waits for the other."""
        return min(self.one, self.other)

    @property
    def waiting(self) -> float:
        """Of the rank that came first, for the other."""
        return abs(self.one - self.other)


def remark(table: Table, batch: int, exchanges: Sequence[Exchange]) -> str:
    """What two processes lose by talking, and where, in words."""
    apart, bare = table[APART, batch].rate, table[BARE, batch].rate
    silent, unfed = (table[way.name, batch].rate for way in LOSSES)
    middle = {
        name: statistics.median(getattr(each, name) for each in exchanges) * 1000
        for name in ("computing", "travelling", "waiting")
    }
    gains = "; ".join(
        f"{way.name.removeprefix('bare, ')} {table[way.name, batch].rate / bare - 1:+.1%}"
        for way in REMEDIES
    )
    return (
        f"bare Horovod has {bare / apart:.1%} of the rate of the same processes apart; its thread "
        f"alone costs {1 - silent / apart:.1%}, feeding {1 - bare / unfed:.1%}; in steps without "
        f"overlap {middle['computing']:.2f} ms of computing are followed by "
        f"{middle['travelling']:.2f} ms of allreduce and {middle['waiting']:.2f} ms of waiting for "
        f"the slower rank; remedies: {gains}"
    )


def goals(table: Table, batches: Sequence[int]) -> list[Goal]:
    """What should hold at every batch size."""
    found = []
    for batch in batches:
        best = max((table[name, batch] for name in (ONE, BOTH)), key=lambda each: each.rate)
        found += [
            _share(table[OURS_TWO, batch], table[BARE, batch]),
            _share(table[OURS, batch], best),
        ]
        times = table[FEEDING, batch].rate / table[ONE, batch].rate
        found.append(
            Goal(
                f"batch {batch}: feeding ≥ {_FEEDING_TIMES:g} x {ONE}: {times:.1f}",
                times >= _FEEDING_TIMES,
            )
        )
    return found


def _share(ours: Figures, limit: Figures) -> Goal:
    share = ours.rate / limit.rate
    return Goal(
        f"batch {ours.batch}: {ours.what} ≥ {_OF_LIMIT} x {limit.what}: {ours.rate:.0f} / "
        f"{limit.rate:.0f} = {share:.3f}",
        share >= _OF_LIMIT,
    )
