"""What a column is worth: how much the error on out-of-bag rows grows when it is shuffled.

References
----------
L. Breiman, "Random Forests", Machine Learning 45 (2001), section 10: each tree judges its own
out-of-bag rows, once as they are and once with one column's values permuted among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.bagging.learners.learner import Member
from pipeline.bagging.resampling import permutation_generator
from pipeline.bagging.votes import Ballot
from pipeline.data.encoding import Matrix
from pipeline.spark.shard_file import Floats, Shard

MOST_ROWS = 50_000
"""Out-of-bag rows that a replica is judged on at most, drawn at random."""


@dataclass(frozen=True)
class Shuffled:
    """A replica's losses on its out-of-bag rows.

    Parameters
    ----------
    weight : float
        Weight of the rows.
    plain : float
        Sum of weight times loss, with the rows as they are.
    shuffled : tuple of float
        The same with each column shuffled, one after the other.
    """

    weight: float
    plain: float
    shuffled: tuple[float, ...]


def shuffled_losses(
    member: Member,
    shard: Shard,
    is_out: npt.NDArray[np.bool_],
    ballot: Ballot,
    seed: int,
    replica: int,
) -> Shuffled:
    """Judge a replica on its out-of-bag rows, as they are and with each column shuffled."""
    random = permutation_generator(seed, replica)
    places = np.flatnonzero(is_out)
    if len(places) > MOST_ROWS:
        places = np.sort(random.choice(places, MOST_ROWS, replace=False))
    rows = shard.take(places)
    labels = shard.labels[places]
    weights = np.ones(len(places)) if shard.weights is None else shard.weights[places]

    def loss(features: Matrix) -> float:
        if not len(places):
            return 0.0
        votes = ballot.votes(np.asarray(member.scores(features), dtype=np.float32))
        return float((ballot.losses(votes, labels) * weights).sum())

    plain = loss(rows)
    shuffled = [
        loss(_with_shuffled(rows, column, random.permutation(len(places))))
        for column in range(shard.width)
    ]
    return Shuffled(float(weights.sum()), plain, tuple(shuffled))


def importance_of(found: Sequence[Shuffled], names: Sequence[str]) -> list[dict[str, Any]]:
    """Each column's importance, the greatest first.

    Parameters
    ----------
    found : sequence of Shuffled
        One for each replica.
    names : sequence of str
        The columns.

    Returns
    -------
    list of dict
        `feature`, `increase` (of the error, mean over replicas) and `deviation` (its standard
        error).
    """
    usable = [each for each in found if each.weight > 0]
    if not usable:
        return []
    weight = np.array([each.weight for each in usable])[:, None]
    plain = np.array([each.plain for each in usable])[:, None]
    increases = (np.array([each.shuffled for each in usable]) - plain) / weight
    means = increases.mean(axis=0)
    errors = increases.std(axis=0, ddof=1 if len(usable) > 1 else 0) / np.sqrt(len(usable))
    rows = [
        {"feature": name, "increase": float(mean), "deviation": float(error)}
        for name, mean, error in zip(names, means, errors, strict=True)
    ]
    return sorted(rows, key=lambda row: -row["increase"])


def _with_shuffled(rows: Matrix, column: int, order: npt.NDArray[np.int64]) -> Matrix:
    if isinstance(rows, sparse.csr_matrix):
        columns = rows.tocsc()
        columns[:, column] = columns[:, column][order]
        return columns.tocsr()
    changed: Floats = rows.copy()
    changed[:, column] = changed[order, column]
    return changed
