"""Metrics of validation rows, over all ranks, from sums that the ranks exchange once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.deep.communication import Communication, Doubles
from pipeline.deep.inputs import Floats
from pipeline.deep.objectives import Objective

GREATER_IS_BETTER = ("accuracy", "auc")
_BINS = 1 << 16


class Sums:
    """A metric for every row, summed up; for two classes also how the classes' scores lie.

    Parameters
    ----------
    objective : Objective
        What is measured.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._names = (objective.measure, *objective.row_metrics)
        self._sums = np.zeros(len(self._names) + 1)
        self._ranks = np.zeros((2, _BINS)) if objective.outputs == 2 else None

    def add(self, losses: Floats, outputs: Floats, labels: Floats, weights: Floats) -> None:
        """A batch: weighted losses, shape (rows,), and what else of its rows metrics need."""
        judged = self._objective.judged(outputs, labels)
        own = [losses.sum(dtype=np.float64)]
        own += [float((judged[name] * weights).sum(dtype=np.float64)) for name in self._names[1:]]
        self._sums += [*own, weights.sum(dtype=np.float64)]
        if self._ranks is not None:
            bins = _bin_of(outputs[:, 1] - outputs[:, 0])
            for place, chosen in enumerate((labels == 0, labels == 1)):
                self._ranks[place] += np.bincount(bins[chosen], weights[chosen], minlength=_BINS)

    def values(self, others: Communication) -> dict[str, float]:
        """The metrics over all ranks' rows, by name; NaN where rows have no weight."""
        *totals, weight = others.sum(self._sums)
        means = [total / weight if weight > 0 else np.nan for total in totals]
        found = dict(zip(self._names, map(float, means), strict=True))
        found[self._objective.measure] = self._objective.told(found[self._objective.measure])
        if self._ranks is not None:
            found["auc"] = _auc(others.sum(self._ranks.reshape(-1)).reshape(2, _BINS))
        return found


def _bin_of(scores: Floats) -> npt.NDArray[np.int64]:
    """Sign, exponent and 7 bits of each score, as numbers in the scores' own order.

    Scores that are less than a hundredth of themselves apart share a bin.
    """
    bits = np.ascontiguousarray(scores, dtype=np.float32).view(np.uint32)
    is_negative = bits >> np.uint32(31) == 1
    ordered = np.where(is_negative, ~bits, bits | np.uint32(1 << 31))
    return np.asarray(ordered >> np.uint32(16), dtype=np.int64)


def _auc(ranks: Doubles) -> float:
    """Share of pairs of both classes that are in order, those of one bin as halves."""
    negative, positive = ranks
    below = np.cumsum(negative) - negative
    pairs = negative.sum() * positive.sum()
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs > 0 else float("nan")
