"""Points of curves, from counts per bin of probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.report.evaluation import UNDEFINED, BinnedCounts, Evaluation

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Points of a curve, in drawing order."""

    x: Numbers
    y: Numbers


def usable(counts: BinnedCounts | None) -> bool:
    """Whether there are rows of both classes, without which no curve exists."""
    return counts is not None and any(counts.negatives) and any(counts.positives)


def roc(counts: BinnedCounts) -> Line:
    """False positive rate (x) and true positive rate (y), from the highest threshold down."""
    negatives, positives = _found(counts)
    return _thinned(negatives / negatives[-1], positives / positives[-1])


def precision_recall(counts: BinnedCounts) -> Line:
    """Recall (x) and precision (y), from the highest threshold down."""
    negatives, positives = _found(counts)
    flagged = negatives + positives
    some = flagged > 0
    return _thinned((positives / positives[-1])[some], (positives[some] / flagged[some]))


def calibration(counts: BinnedCounts, groups: int = 20, least: int = 20) -> Line:
    """Mean predicted probability (x) and share of positives (y) per group of bins.

    Parameters
    ----------
    counts : BinnedCounts
        Counts per bin.
    groups : int
        Equal parts of the range from 0 to 1.
    least : int
        Groups with fewer rows are left out: their share is chance.
    """
    negatives, positives = _arrays(counts)
    middles = (np.arange(len(positives)) + 0.5) / len(positives)
    group = np.minimum((middles * groups).astype(int), groups - 1)
    rows = np.bincount(group, negatives + positives, groups)
    enough = rows >= max(least, 1)
    mean = np.bincount(group, (negatives + positives) * middles, groups)[enough] / rows[enough]
    share = np.bincount(group, positives, groups)[enough] / rows[enough]
    return Line(mean, share)


def positive_share(counts: BinnedCounts) -> float:
    """Share of positives among all rows; NaN without rows."""
    rows = sum(counts.positives) + sum(counts.negatives)
    return sum(counts.positives) / rows if rows else UNDEFINED


def auc_margin(evaluation: Evaluation) -> float:
    """Half the width of a rough 95 % interval of the AUC (Hanley and McNeil 1982).

    NaN with more than two classes, or without rows of both.
    """
    counts, area = evaluation.curves, evaluation.auc
    if counts is None or not usable(counts) or not math.isfinite(area):
        return UNDEFINED
    positives, negatives = sum(counts.positives), sum(counts.negatives)
    both_positive = area / (2 - area) - area**2
    both_negative = 2 * area**2 / (1 + area) - area**2
    spread = area * (1 - area) + (positives - 1) * both_positive + (negatives - 1) * both_negative
    return 1.96 * math.sqrt(max(spread, 0.0) / (positives * negatives))


def _arrays(counts: BinnedCounts) -> tuple[Numbers, Numbers]:
    return np.array(counts.negatives, dtype=float), np.array(counts.positives, dtype=float)


def _found(counts: BinnedCounts) -> tuple[Numbers, Numbers]:
    """Negatives and positives at or above each threshold, beginning with none."""
    negatives, positives = _arrays(counts)
    start = np.zeros(1)
    return (
        np.concatenate([start, np.cumsum(negatives[::-1])]),
        np.concatenate([start, np.cumsum(positives[::-1])]),
    )


def _thinned(x: Numbers, y: Numbers, step: float = 0.004) -> Line:
    """Leave out points nearer to the last kept one than the eye can tell; ends stay."""
    kept: list[Any] = [0]
    for at in range(1, len(x) - 1):
        if max(abs(x[at] - x[kept[-1]]), abs(y[at] - y[kept[-1]])) >= step:
            kept.append(at)
    if len(x) > 1:
        kept.append(len(x) - 1)
    return Line(x[kept], y[kept])
