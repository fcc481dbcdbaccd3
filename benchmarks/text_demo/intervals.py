"""How sure a mean over seeds is, and how sure one set of test rows is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over seeds, and where it lies with `CONFIDENCE`.

    Parameters
    ----------
    mean : float
        Of the seeds' values.
    low, high : float or None
        None with one seed, which says nothing about the others.
    """

    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def half(self) -> float | None:
        """Half the interval's width."""
        return None if self.high is None else self.high - self.mean

    def overlaps(self, other: Interval) -> bool | None:
        """Whether two intervals have a value in common; None when there are no intervals."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return None
        return self.low <= other.high and other.low <= self.high


def t_interval(values: Sequence[float]) -> Interval:
    """Student's interval of a mean: seeds are a sample of all seeds, of unknown variance."""
    from scipy.stats import t

    mean = statistics.fmean(values)
    if len(values) < 2:
        return Interval(mean)
    error = statistics.stdev(values) / math.sqrt(len(values))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    return Interval(mean, mean - half, mean + half)


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Of two contenders on the same seeds, which share their rows: narrower than the two apart."""
    return t_interval([one - other for one, other in zip(ours, theirs, strict=True)])


def binomial_error(accuracy: float, rows: int) -> float:
    """Standard error of an accuracy that was counted on so many rows drawn by chance."""
    return math.sqrt(accuracy * (1 - accuracy) / rows)
