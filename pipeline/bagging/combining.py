"""One prediction out of many: means and majorities, medians, and how far replicas are apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.bagging.votes import Ballot, Doubles
from pipeline.spark.shard_file import Floats


def combined(scores: Iterable[Floats], ballot: Ballot) -> Doubles:
    """The ensemble's scores, shape (rows, outputs), from its members' scores of the same shape.

    Class shares (`soft`), shares of the votes (`hard`), mean or median. Members are taken one by
    one, except for the median, which needs all of them.
    """
    if ballot.combine == "median":
        return np.asarray(np.median(np.array(list(scores), dtype=np.float64), axis=0))
    total, count = None, 0
    for own in scores:
        votes = own.astype(np.float64) if not ballot.classes else ballot.votes(own)
        total = votes if total is None else total + votes
        count += 1
    if total is None:
        raise ValueError("an ensemble without members")
    return total / count


def probabilities(shares: Doubles, classes: int) -> Doubles:
    """A column for each class, each row summing to 1, from an ensemble's class shares."""
    if classes == 2:
        second = np.clip(shares[:, 0], 0.0, 1.0)
        return np.column_stack([1.0 - second, second])
    positive = np.maximum(shares, 0.0)
    return np.asarray(positive / np.maximum(positive.sum(axis=1, keepdims=True), 1e-300))


def of_predicted(scores: Iterable[Floats], classes: int, predicted: npt.NDArray[Any]) -> Doubles:
    """Each member's probability of the predicted class, or value; shape (members, rows)."""
    found = []
    for own in scores:
        if not classes:
            found.append(own[:, 0].astype(np.float64))
            continue
        shares = probabilities(own.astype(np.float64), classes)
        found.append(shares[np.arange(len(shares)), predicted.astype(np.int64)])
    return np.array(found)
