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
from pipeline.errors import DataError
from pipeline.spark.shard_file import Floats

Doubles = npt.NDArray[np.float64]

_ONE = float(1 << 32)  # of the fixed point: 2^31 replicas fit into 64 bits
_FARTHEST = float(1 << 13)  # spans of the label from its middle; 2^18 replicas fit into 64 bits


@dataclass(frozen=True)
class Ballot:
    """How a replica's scores become votes, and votes a prediction.

    Parameters
    ----------
    classes : int
        Classes of the label; 0 for numbers.
    combine : {"soft", "hard", "mean", "median"}
        How replicas are put together. A median cannot be kept as a sum: out-of-bag rows are then
        judged by the mean.
    bounds : (float, float)
        Least and greatest label, for numbers.
    """

    classes: int
    combine: str
    bounds: tuple[float, float] = (0.0, 0.0)

    @property
    def outputs(self) -> int:
        """Numbers in a vote."""
        return self.classes if self.classes > 2 else 1

    def votes(self, scores: Floats) -> Doubles:
        """A replica's votes, shape (rows, outputs), from its scores."""
        if not self.classes:
            low, high = self.bounds
            votes = (scores.astype(np.float64) - (low + high) / 2) / ((high - low) or 1.0)
            return np.clip(votes, -_FARTHEST, _FARTHEST)
        if self.combine != "hard":
            return scores.astype(np.float64)
        if self.classes == 2:
            return (scores > 0.5).astype(np.float64)
        return np.asarray(scores.argmax(axis=1)[:, None] == np.arange(self.classes), np.float64)

    def predicted(self, means: Doubles) -> Doubles:
        """Class positions, or values, for means of votes, shape (rows,)."""
        if not self.classes:
            low, high = self.bounds
            return np.asarray(means[:, 0] * ((high - low) or 1.0) + (low + high) / 2)
        if self.classes == 2:
            return np.asarray(means[:, 0] > 0.5, dtype=np.float64)
        return np.asarray(means.argmax(axis=1), dtype=np.float64)

    def losses(self, means: Doubles, labels: Floats) -> Doubles:
        """1 where a class is wrong, the squared error of a number; shape (rows,)."""
        predicted = self.predicted(means)
        if self.classes:
            return np.asarray(predicted != labels, dtype=np.float64)
        return np.asarray((predicted - labels.astype(np.float64)) ** 2)


@dataclass(frozen=True)
class OutOfBag:
    """The out-of-bag estimate of a range of rows, or of all.

    Parameters
    ----------
    rows : int
        Rows with at least one vote.
    rows_without_vote : int
        Rows that every replica has seen: they say nothing.
    loss, weight : float
        Sums over the rows with a vote: of weight times loss, and of weight.
    """

    rows: int
    rows_without_vote: int
    loss: float
    weight: float

    def __add__(self, other: OutOfBag) -> OutOfBag:
        return OutOfBag(
            self.rows + other.rows,
            self.rows_without_vote + other.rows_without_vote,
            self.loss + other.loss,
            self.weight + other.weight,
        )

    @property
    def error(self) -> float | None:
        """Share of wrong weight, or mean squared error; None when no row has a vote."""
        return self.loss / self.weight if self.weight else None


class Votes:
    """Sums of votes.

    Parameters
    ----------
    rows : int
        Rows that are voted on.
    ballot : Ballot
        How scores become votes.
    """

    def __init__(self, rows: int, ballot: Ballot) -> None:
        self._ballot = ballot
        self._sums = np.zeros((rows, ballot.outputs), dtype=np.int64)
        self.counts = np.zeros(rows, dtype=np.int32)

    def add(self, scores: Floats, is_out: npt.NDArray[np.bool_]) -> None:
        """Add a replica's votes for the rows it has not seen, given its scores of all rows."""
        places = np.flatnonzero(is_out)
        votes = self._ballot.votes(scores[places])
        if not np.isfinite(votes).all():
            count = int((~np.isfinite(votes)).any(axis=1).sum())
            raise DataError(
                f"a replica predicts NaN or an infinite number for {count} of the {len(places)} "
                "rows it has not seen; look at the learner and its params"
            )
        votes *= _ONE
        self._sums[places] += np.rint(votes, out=votes).astype(np.int64)
        self.counts[places] += 1

    def add_written(self, uri: str, rows: int, start: int) -> None:
        """Add votes that were written for `rows` rows, of which these begin at `start`."""
        size, outputs = self._sums.shape
        part = files.read_range(uri, start * 4, size * 4)
        self.counts += np.frombuffer(part, dtype=np.int32)
        part = files.read_range(uri, rows * 4 + start * outputs * 8, size * outputs * 8)
        self._sums += np.frombuffer(part, dtype=np.int64).reshape(size, outputs)

    def write(self, uri: str) -> None:
        """Write counts, then sums, without a header."""
        files.write_bytes(uri, self.counts.tobytes() + self._sums.tobytes())

    def means(self) -> Doubles:
        """Mean votes, shape (rows, outputs); NaN for rows without a vote."""
        counts = np.where(self.counts > 0, self.counts, np.nan)
        return np.asarray(self._sums / (counts[:, None] * _ONE))

    def measure(self, labels: Floats, weights: Floats | None) -> OutOfBag:
        """The estimate that the votes give.

        Parameters
        ----------
        labels : ndarray of float32, shape (rows,)
            Class positions, or values.
        weights : ndarray of float32, shape (rows,), or None
            The rows' own weights.
        """
        voted = self.counts > 0
        own = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
        losses = self._ballot.losses(self.means()[voted], labels[voted])
        return OutOfBag(
            int(voted.sum()),
            int((~voted).sum()),
            float((own[voted] * losses).sum()),
            float(own[voted].sum()),
        )
