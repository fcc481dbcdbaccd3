"""The file of results, and what should hold between the figures."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import common
from benchmarks.bagging.results import Goal

OURS, SDPA, EAGER = "ours", "transformers, sdpa", "transformers, eager"
GANG, BARE = "ours, 2 x 1", "bare Horovod, 2 x 1"
KEPT, AGAIN = "frozen base, features kept", "frozen base, run again"

PATH = common.RESULTS / "transfer.csv"
# Rows a second: median, least and most of the repeats; the same by seconds of CPU, of passes alone.
# `ratio`: that of ours to `against` in each repeat; median, least and most. `foreign` cores were
# used by others, on average; `discarded` repeats were so disturbed that they were done again.
FIELDS = (
    *common.ORIGIN,
    *("what", "threads", "dropout", "repeats", "discarded", "foreign"),
    *("rows_per_s", "rows_per_s_least", "rows_per_s_most", "rows_per_cpu_s"),
    *("against", "bound", "ratio", "ratio_least", "ratio_most", "note"),
)
_OF_TRANSFORMERS = 0.9
_OF_BARE = 0.95


@dataclass
class Figures:
    """What was measured of one contender.

    Parameters
    ----------
    what : str
        The contender.
    threads : int
        Of each process.
    dropout : float
        Of the network.
    rates, cpu_rates : list of float
        Rows a second of each repeat; rows by second of CPU.
    foreign : list of float
        Cores that others used meanwhile, of each repeat.
    discarded : int
        Repeats that were done again.
    """

    what: str
    threads: int
    dropout: float
    rates: list[float] = field(default_factory=list)
    cpu_rates: list[float] = field(default_factory=list)
    foreign: list[float] = field(default_factory=list)
    discarded: int = 0

    @property
    def rate(self) -> float:
        """The middle of the repeats."""
        return statistics.median(self.rates)


@dataclass(frozen=True)
class Comparison:
    """Ours against another contender, repeat by repeat.

    Parameters
    ----------
    ours, other : Figures
        Of the same repeats.
    bound : float
        What the middle ratio must reach.
    """

    ours: Figures
    other: Figures
    bound: float

    @property
    def ratios(self) -> list[float]:
        """Of each repeat."""
        return [a / b for a, b in zip(self.ours.rates, self.other.rates, strict=True)]

    @property
    def ratio(self) -> float:
        """The middle one."""
        return statistics.median(self.ratios)

    @property
    def note(self) -> str:
        """The ratio by seconds of CPU, which others on the machine hardly change."""
        pair = self.ours.cpu_rates, self.other.cpu_rates
        if not all(pair):
            return ""
        return f"by CPU time {statistics.median(pair[0]) / statistics.median(pair[1]):.3f}"

    def goal(self) -> Goal:
        """What should hold, in words."""
        ours, other, ratios = self.ours, self.other, self.ratios
        place = f"{ours.threads} thread{'s' * (ours.threads > 1)}, dropout {ours.dropout:g}"
        sentence = (
            f"{place}: {ours.what} ≥ {self.bound:g} x {other.what}: {ours.rate:.1f} / "
            f"{other.rate:.1f} rows/s, ratio {self.ratio:.3f} ({min(ratios):.3f} to "
            f"{max(ratios):.3f})"
        )
        return Goal(f"{sentence}; {self.note}" if self.note else sentence, self.ratio >= self.bound)


def comparisons(figures: Sequence[Figures]) -> list[Comparison]:
    """All that can be made of what was measured."""
    measured = [each for each in figures if each.rates]
    found = []
    for ours in measured:
        peers = [
            each
            for each in measured
            if (each.threads, each.dropout) == (ours.threads, ours.dropout)
        ]
        names, bound = {
            OURS: ((SDPA, EAGER), _OF_TRANSFORMERS),
            GANG: ((BARE,), _OF_BARE),
            KEPT: ((AGAIN,), 1.0),
        }.get(ours.what, ((), 0.0))
        others = [each for each in peers if each.what in names]
        if others:
            best = max(others, key=lambda each: each.rate)
            found.append(Comparison(ours, best, bound))
    return found


def rows(figures: Sequence[Figures]) -> list[dict[str, Any]]:
    """Rows of the file."""
    origin = common.origin()
    compared = {id(each.ours): _compared(each) for each in comparisons(figures)}
    return [
        {
            **origin,
            "what": each.what,
            "threads": each.threads,
            "dropout": each.dropout,
            "repeats": len(each.rates),
            "discarded": each.discarded,
            "foreign": round(statistics.fmean(each.foreign), 2),
            "rows_per_s": round(each.rate, 2),
            "rows_per_s_least": round(min(each.rates), 2),
            "rows_per_s_most": round(max(each.rates), 2),
            "rows_per_cpu_s": (
                round(statistics.median(each.cpu_rates), 2) if each.cpu_rates else ""
            ),
            **compared.get(id(each), {}),
        }
        for each in figures
        if each.rates
    ]


def _compared(each: Comparison) -> dict[str, Any]:
    return {
        "against": each.other.what,
        "bound": each.bound,
        "ratio": round(each.ratio, 3),
        "ratio_least": round(min(each.ratios), 3),
        "ratio_most": round(max(each.ratios), 3),
        "note": each.note,
    }


_SHOWN = {
    **{"what": "what", "threads": "threads", "dropout": "dropout", "rows_per_s": "rows/s"},
    **{"rows_per_s_least": "least", "rows_per_s_most": "most", "rows_per_cpu_s": "by CPU s"},
    **{"foreign": "foreign cores", "against": "against", "ratio": "ratio"},
    **{"ratio_least": "least", "ratio_most": "most"},
}


def markdown(found: Iterable[Mapping[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = [
        list(_SHOWN.values()),
        ["---"] * len(_SHOWN),
        *([str(row.get(name, "")) for name in _SHOWN] for row in found),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
