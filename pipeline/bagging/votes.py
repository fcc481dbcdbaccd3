"""Out-of-bag votes: sums that do not depend on who added them up, and the error they give.

A replica votes on the rows that it has not seen. Sums of votes are kept in fixed point, as
integers, so they are exact whatever the order; each task writes its own, and the error is computed
range by range, on executors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline import files
from pipeline.spark.shard_file import Floats

_ONE = float(1 << 32)  # of the fixed point: 2^31 replicas fit into 64 bits


class Votes:
    """Votes of one task's replicas.

    Parameters
    ----------
    rows, targets : int
        Shape of the sums.
    """

    def __init__(self, rows: int, targets: int) -> None:
        self._sums = np.zeros((rows, targets), dtype=np.int64)
        self._counts = np.zeros(rows, dtype=np.int32)

    def add(self, shares: Floats, is_out: npt.NDArray[np.bool_]) -> None:
        """Add a replica's class shares for the rows it has not seen."""
        fixed = np.rint(shares[is_out].astype(np.float64) * _ONE).astype(np.int64)
        self._sums[is_out] += fixed
        self._counts[is_out] += 1

    def write(self, uri: str) -> None:
        """Write counts, then sums, without a header."""
        files.write_bytes(uri, self._counts.tobytes() + self._sums.tobytes())


@dataclass(frozen=True)
class OutOfBag:
    """The out-of-bag estimate of a range of rows, or of all.

    Parameters
    ----------
    rows : int
        Rows with at least one vote.
    rows_without_vote : int
        Rows that every replica has seen: they say nothing.
    wrong, weight : float
        Weight of the rows that are classified wrongly, and of all rows with a vote.
    """

    rows: int
    rows_without_vote: int
    wrong: float
    weight: float

    def __add__(self, other: OutOfBag) -> OutOfBag:
        return OutOfBag(
            self.rows + other.rows,
            self.rows_without_vote + other.rows_without_vote,
            self.wrong + other.wrong,
            self.weight + other.weight,
        )

    @property
    def error(self) -> float | None:
        """Share of wrongly classified weight; None when no row has a vote."""
        return self.wrong / self.weight if self.weight else None


def out_of_bag(
    uris: list[str],
    rows: int,
    targets: int,
    start: int,
    labels: Floats,
    weights: Floats | None,
) -> OutOfBag:
    """The estimate for the rows from `start` on, one for each of `labels`.

    Parameters
    ----------
    uris : list of str
        What each task wrote.
    rows, targets : int
        Shape of its sums.
    start : int
        First row of the range.
    labels : ndarray of float32
        Class positions of the range's rows.
    weights : ndarray of float32, or None
        Their own weights.
    """
    size = len(labels)
    counts = np.zeros(size, dtype=np.int64)
    sums = np.zeros((size, targets), dtype=np.int64)
    for uri in uris:
        counts += np.frombuffer(files.read_range(uri, start * 4, size * 4), dtype=np.int32)
        offset = rows * 4 + start * targets * 8
        part = files.read_range(uri, offset, size * targets * 8)
        sums += np.frombuffer(part, dtype=np.int64).reshape(size, targets)
    voted = counts > 0
    shares = sums[voted] / (counts[voted, None] * _ONE)
    predicted = shares[:, 0] > 0.5 if targets == 1 else shares.argmax(axis=1)
    own = np.ones(size) if weights is None else weights.astype(np.float64)
    wrong = float(own[voted][predicted != labels[voted]].sum())
    return OutOfBag(int(voted.sum()), int((~voted).sum()), wrong, float(own[voted].sum()))
