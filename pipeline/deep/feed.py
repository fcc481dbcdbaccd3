"""Batches of a shard: every row once an epoch, the same number of steps on every rank.

All ranks know how many rows each of them has, so they agree without talking: the largest shard
decides the number of steps, and every rank deals its own rows evenly over them. No row is repeated
or left out; a rank with fewer rows has smaller batches, and gradients are weighted accordingly.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.sources import Rows
from pipeline.spark.shard_file import Integers


@dataclass(frozen=True)
class Batch:
    """Rows of one step on one rank.

    Parameters
    ----------
    numbers, codes : ndarray of float32
        Input of the network; at least one row.
    labels, weights : ndarray of float32, shape (rows,)
        Class positions or values; weights, 0 for the row that stands in for an empty batch.
    all_rows : int
        Rows of this step over all ranks.
    """

    numbers: Floats
    codes: Floats
    labels: Floats
    weights: Floats
    all_rows: int


class Feed:
    """One rank's batches.

    Parameters
    ----------
    shard : Rows
        The rank's rows.
    layout : InputLayout
        How a row is split into numbers and codes.
    sizes : tuple of int
        Rows of every rank.
    batch_size : int
        Rows of a step over all ranks, at most.
    weights : ndarray of float32, shape (rows,), optional
        What each row counts; by default 1.
    """

    def __init__(
        self,
        shard: Rows,
        layout: InputLayout,
        sizes: tuple[int, ...],
        batch_size: int,
        weights: Floats | None = None,
    ) -> None:
        self._shard = shard
        self._layout = layout
        self._sizes = sizes
        each = max(batch_size // len(sizes), 1)
        self.steps = -(-max(sizes) // each)
        self._weights = weights
        self._nothing = np.nan

    @property
    def bounds(self) -> Integers:
        """Where in an order of the rows each batch begins, and the last ends, (steps + 1,)."""
        own = self._shard.rows
        return np.array([self._dealt(own, step) for step in range(self.steps + 1)], np.int64)

    def of(self, rows: Rows, layout: InputLayout) -> Feed:
        """The same batches, of rows whose features are others, numbers of which none is missing."""
        found = copy(self)
        found._shard, found._layout, found._nothing = rows, layout, 0.0
        return found

    def epoch(self, order: npt.NDArray[np.integer[Any]] | None = None) -> Iterator[Batch]:
        """The batches of one pass; `order` is a permutation of the shard's rows."""
        own = self._shard.rows
        for step in range(self.steps):
            all_rows = sum(self._dealt(size, step + 1) for size in self._sizes)
            all_rows -= sum(self._dealt(size, step) for size in self._sizes)
            begin, end = self._dealt(own, step), self._dealt(own, step + 1)
            places = np.arange(begin, end) if order is None else order[begin:end].astype(np.int64)
            yield self._batch(places, all_rows)

    def _dealt(self, rows: int, steps: int) -> int:
        """How many of a rank's rows so many steps take: the first steps take one more."""
        return steps * (rows // self.steps) + min(steps, rows % self.steps)

    def _batch(self, places: Integers, all_rows: int) -> Batch:
        if not len(places):
            return self._stand_in(all_rows)
        matrix = self._shard.take(places)
        weights = self._weights
        return Batch(
            self._layout.numbers(matrix),
            self._layout.codes(matrix),
            self._shard.labels[places],
            np.ones(len(places), np.float32) if weights is None else weights[places],
            all_rows,
        )

    def _stand_in(self, all_rows: int) -> Batch:
        """One row of weight 0, so that this rank takes part in the step."""
        nothing = np.zeros(1, dtype=np.float32)
        numbers = np.full((1, len(self._layout.numeric)), self._nothing, dtype=np.float32)
        codes = np.zeros((1, len(self._layout.categorical)), dtype=np.float32)
        return Batch(numbers, codes, nothing, nothing, all_rows)
