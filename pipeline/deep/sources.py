"""Where a training's rows come from: a gang's shards, or rows that one process has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.spark.shard_file import Floats, Integers, Matrix

if TYPE_CHECKING:
    from pipeline.spark.shards import Part


class Rows(Protocol):
    """Encoded rows; a mapped `Shard` is such."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def width(self) -> int:
        """Columns of the feature matrix."""

    @property
    def is_weighted(self) -> bool:
        """Whether the rows have weights."""

    @property
    def labels(self) -> Floats:
        """Class positions or values, shape (rows,)."""

    @property
    def weights(self) -> Floats | None:
        """Row weights, shape (rows,), or None."""

    def matrices(self) -> Iterator[Matrix]:
        """The features chunk by chunk, only to be read."""

    def take(self, places: Integers) -> Matrix:
        """A copy of the features at row numbers `places`, in their order."""


class Source(Protocol):
    """The rows of all ranks; a `ShardSet` is such."""

    @property
    def rows(self) -> Mapping[Part, int]:
        """Rows of each part, all ranks together."""

    @property
    def sizes(self) -> Mapping[Part, tuple[int, ...]]:
        """Rows of each rank, by part."""

    def open(self, part: Part, place: int) -> Rows:
        """One rank's rows."""


@dataclass(frozen=True)
class OwnRows:
    """Training rows that this process has, without validation rows: a source for one rank.

    Parameters
    ----------
    train : Rows
        The rows.
    """

    train: Rows

    @property
    def rows(self) -> dict[Part, int]:
        """Rows of each part."""
        return {"train": self.train.rows, "validation": 0}

    @property
    def sizes(self) -> dict[Part, tuple[int, ...]]:
        """Rows of the one rank, by part."""
        return {part: (rows,) for part, rows in self.rows.items()}

    def open(self, part: Part, place: int) -> Rows:
        """The training rows: there are no others."""
        if part != "train":
            raise ValueError(f"no {part} rows here")
        return self.train
