"""SAMME: how rows gain weight, what a learner's vote counts, and what the votes say.

Plain NumPy, the same on executors in training and wherever a model scores.

References
----------
J. Zhu, H. Zou, S. Rosset, T. Hastie, "Multi-class AdaBoost", Statistics and Its Interface 2 (2009),
algorithm 2; for two classes it is that of Y. Freund and R. Schapire, "A Decision-Theoretic
Generalization of On-Line Learning and an Application to Boosting", Journal of Computer and System
Sciences 55 (1997).
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

PERFECT = 1.0
"""The vote of a learner without errors, for which the formula has no number: scikit-learn's."""


def gradients(labels: Places, weights: Doubles, classes: int) -> tuple[Floats, Floats]:
    """Derivatives of the weighted log loss at margin 0, where all classes are as probable.

    A tree that is grown on them splits as one that is grown on the weighted rows by the Gini
    impurity, and its leaves prefer the classes that have the most weight.

    Parameters
    ----------
    labels : ndarray of int64, shape (rows,)
        Places of the classes.
    weights : ndarray of float64, shape (rows,)
        What rows weigh in this round.
    classes : int
        How many.

    Returns
    -------
    (ndarray of float32, ndarray of float32)
        First and second derivatives, of shape (rows,) for two classes, else (rows, classes).
    """
    if classes == 2:
        first = weights * (0.5 - labels)
        return first.astype(np.float32), (0.25 * weights).astype(np.float32)
    share = 1.0 / classes
    is_own = labels[:, None] == np.arange(classes)
    second = np.broadcast_to((2.0 * share * (1.0 - share) * weights)[:, None], is_own.shape)
    return (weights[:, None] * (share - is_own)).astype(np.float32), second.astype(np.float32)


def margin_params(classes: int) -> dict[str, Any]:
    """XGBoost's params for margins that start at 0, of trees whose leaves are as `gradients` say.

    A base score for each class, as XGBoost writes it down: a booster that was read from a
    checkpoint would otherwise write another file than one that was not.
    """
    found: dict[str, Any] = {"eta": 1.0, "disable_default_eval_metric": True}
    if classes == 2:
        return {**found, "objective": "binary:logitraw", "base_score": 0.0}
    scores = ",".join(["0"] * classes)
    return {
        **found,
        "objective": "multi:softprob",
        "num_class": classes,
        "base_score": f"[{scores}]",
    }


def voted(margins: npt.NDArray[Any], classes: int) -> Places:
    """The class that a learner votes for, of its own margins.

    Parameters
    ----------
    margins : ndarray of float32, shape (rows,) for two classes, else (rows, classes)
        What the trees of one round give.
    classes : int
        How many.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Of equal margins the first class wins.
    """
    if classes == 2:
        return np.asarray(margins.reshape(-1) > 0, dtype=np.int64)
    return np.asarray(margins.reshape(-1, classes).argmax(axis=1), dtype=np.int64)


def chance(classes: int) -> float:
    """The error of a learner that guesses."""
    return 1.0 - 1.0 / classes


def vote_of(error: float, classes: int, learning_rate: float) -> float:
    """What a learner's vote counts (alpha), of its weighted error, which is below chance."""
    if error <= 0:
        return PERFECT
    return learning_rate * (math.log((1.0 - error) / error) + math.log(classes - 1.0))


def count(votes: Doubles, chosen: Places, alpha: float) -> None:
    """Add a learner's votes to those of shape (rows, classes), in place."""
    votes[np.arange(len(chosen)), chosen] += alpha


def decision(votes: Doubles, total: float) -> Doubles:
    """The committee's score of each class: from 1, when all vote for it, to -1 / (classes - 1).

    Parameters
    ----------
    votes : ndarray of float64, shape (rows, classes)
        Sum of the votes for each class.
    total : float
        Sum of all votes of a row.
    """
    others = votes.shape[1] - 1
    found: Doubles = (votes - (total - votes) / others) / total
    return found


def probabilities(scores: Doubles) -> Doubles:
    """Class probabilities of `decision`'s scores: the paper's equation 15, as in scikit-learn."""
    powers = np.exp(scores / (scores.shape[1] - 1))
    found: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return found
