"""What the seeds say together: a row for each contender, and whether the expected order holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.text_demo.intervals import Interval, binomial_error, difference, t_interval

TUNED = ("fine_tune", "frozen_then_fine_tune")
"""The better of these is expected above all other rows."""
FROZEN, BELOW_FROZEN = "frozen", ("from_scratch", "tfidf_boosting")


@dataclass(frozen=True)
class Row:
    """A contender over all seeds.

    Parameters
    ----------
    name : str
        Of the contender.
    accuracies : tuple of float
        On the test rows, one for each seed.
    test_rows : int
        Of one seed.
    seconds, search_seconds, trained : float
        Means over the seeds: of the chosen setting's training, of all settings', and how many
        numbers were trained.
    chosen : tuple of int
        The setting that validation rows chose, for each seed.
    """

    name: str
    accuracies: tuple[float, ...]
    test_rows: int
    seconds: float
    search_seconds: float
    trained: float
    chosen: tuple[int, ...]

    @property
    def accuracy(self) -> Interval:
        return t_interval(self.accuracies)

    @property
    def binomial_error(self) -> float:
        """Standard error that one set of test rows of this size has by itself."""
        return binomial_error(self.accuracy.mean, self.test_rows)


@dataclass(frozen=True)
class Claim:
    """That one row is above another in the mean of the seeds.

    Parameters
    ----------
    higher, lower : Row
        Which is expected where.
    """

    higher: Row
    lower: Row

    @property
    def holds(self) -> bool:
        return self.higher.accuracy.mean > self.lower.accuracy.mean

    @property
    def overlaps(self) -> bool | None:
        """Whether their intervals overlap; None with one seed."""
        return self.higher.accuracy.overlaps(self.lower.accuracy)

    @property
    def difference(self) -> Interval:
        """On the same seeds, which have the same rows."""
        return difference(self.higher.accuracies, self.lower.accuracies)

    def __str__(self) -> str:
        verb = "is above" if self.holds else "is NOT above"
        apart = {
            None: "one seed has no interval",
            True: "their intervals overlap",
            False: "their intervals do not overlap",
        }[self.overlaps]
        gap = self.difference
        sure = "" if gap.half is None else f" ± {gap.half:.3f}"
        return (
            f"{self.higher.name} ({self.higher.accuracy.mean:.3f}) {verb} {self.lower.name} "
            f"({self.lower.accuracy.mean:.3f}); {apart}; seed by seed {gap.mean:+.3f}{sure}"
        )


def rows(results: Sequence[Mapping[str, Mapping[str, Any]]], test_rows: int) -> list[Row]:
    """A row for each contender.

    Parameters
    ----------
    results : sequence of mapping
        For each seed, what was found by contender.
    test_rows : int
        Of one seed.
    """
    return [_row(name, [seed[name] for seed in results], test_rows) for name in results[0]]


def claims(found: Sequence[Row]) -> list[Claim]:
    """The expected order: of the checkpoint's trained ways, and of the frozen base."""
    by_name = {row.name: row for row in found}
    best = max((by_name[name] for name in TUNED), key=lambda row: row.accuracy.mean)
    first = [Claim(best, row) for row in found if row.name not in TUNED]
    return [*first, *(Claim(by_name[FROZEN], by_name[name]) for name in BELOW_FROZEN)]


def verdict(expected: Sequence[Claim]) -> str:
    """One sentence about all of them."""
    wrong = [claim for claim in expected if not claim.holds]
    if wrong:
        pairs = "; ".join(f"{each.higher.name} above {each.lower.name}" for each in wrong)
        return f"The expected order does NOT hold: missing is {pairs}."
    near = [claim for claim in expected if claim.overlaps]
    if not near:
        return "The expected order holds" + (
            ", and no intervals overlap." if expected[0].overlaps is False else "; of one seed."
        )
    pairs = "; ".join(f"{each.higher.name} and {each.lower.name}" for each in near)
    return f"The expected order holds in the mean; intervals overlap of {pairs}."


def overlapping(found: Sequence[Row]) -> list[tuple[str, str]]:
    """Every pair of rows whose intervals overlap."""
    return [
        (one.name, other.name)
        for at, one in enumerate(found)
        for other in found[at + 1 :]
        if one.accuracy.overlaps(other.accuracy)
    ]


def _row(name: str, seeds: Sequence[Mapping[str, Any]], test_rows: int) -> Row:
    def mean(key: str) -> float:
        return sum(float(each[key]) for each in seeds) / len(seeds)

    return Row(
        name,
        tuple(float(each["test"]) for each in seeds),
        test_rows,
        mean("seconds"),
        mean("search_seconds"),
        mean("trained"),
        tuple(int(each["chosen"]) for each in seeds),
    )
