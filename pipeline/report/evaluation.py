"""What is known about one model on one split, small enough for the driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.errors import DataError

UNDEFINED = float("nan")
"""A number that does not exist here: an AUC of rows of one class, a loss of NaN probabilities."""


@dataclass(frozen=True)
class BinnedCounts:
    """Rows per equal bin of the positive class's probability, from 0 to 1.

    Parameters
    ----------
    negatives, positives : tuple of int
        Rows of each kind, one entry per bin; the bins are as wide as 1 / number of bins.
    """

    negatives: tuple[int, ...]
    positives: tuple[int, ...]


@dataclass(frozen=True)
class Evaluation:
    """Quality of one model on one split.

    Parameters
    ----------
    rows : int
        Rows of the split.
    auc : float
        Exact area under the ROC curve, ties counted as one half; with more than two classes the
        unweighted mean of one class against the rest. NaN when it does not exist.
    log_loss : float
        Mean of minus the natural logarithm of the probability given to the row's own class,
        clipped at 1e-15. NaN when a probability is NaN.
    accuracy : float
        Share of rows whose prediction is the label.
    curves : BinnedCounts, optional
        Only with two classes.
    confusion : tuple of tuple of int, optional
        Rows by label (first index) and prediction (second), in the order of `classes`; absent
        with many classes.
    classes : tuple of str
        The classes' values, as text.
    """

    rows: int
    auc: float
    log_loss: float
    accuracy: float
    curves: BinnedCounts | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None
    classes: tuple[str, ...] = ()


def check_same_rows(evaluations: Mapping[str, Mapping[str, Evaluation]]) -> None:
    """Check that all models were evaluated on equally many rows of each split.

    Parameters
    ----------
    evaluations : mapping of str to mapping of str to Evaluation
        By model, then by split.

    Raises
    ------
    DataError
        When a count differs, or a split is missing for a model; names every split concerned.
    """
    splits = sorted({split for by_split in evaluations.values() for split in by_split})
    problems = []
    for split in splits:
        rows = {
            model: by_split[split].rows if split in by_split else 0
            for model, by_split in evaluations.items()
        }
        if len(set(rows.values())) > 1:
            listed = ", ".join(f"{model} {count}" for model, count in rows.items())
            problems.append(f"split {split}: {listed}")
    if problems:
        raise DataError(
            "the models were not evaluated on the same rows, so they cannot be compared; rows per "
            f"model: {'; '.join(problems)}. Score all models on one table with one split"
        )
