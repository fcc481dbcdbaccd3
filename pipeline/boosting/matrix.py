"""Shards as XGBoost's binned matrices, chunk by chunk, without a copy of the whole.

Imported on executors only: importing it loads XGBoost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import xgboost as xgb
from scipy import sparse

from pipeline.spark.shard_file import Floats, Matrix

_REFUSED = str.maketrans({"[": "_", "]": None, "<": "_"})


class Rows(Protocol):
    """What `ShardBatches` reads: a shard, or its rows in another order."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def width(self) -> int:
        """Columns of the features."""

    @property
    def is_sparse(self) -> bool:
        """Whether features are sparse."""

    @property
    def weights(self) -> Floats | None:
        """Row weights, shape (rows,), or None."""

    def matrices(self) -> Iterator[Matrix]:
        """The features, chunk by chunk."""


class ShardBatches(xgb.DataIter):
    """Feeds a shard's chunks to XGBoost.

    Parameters
    ----------
    shard : Rows
        The mapped rows.
    labels : ndarray of float32, shape (rows,) or (rows, targets)
        What to predict.
    names : list of str
        A name for each column; brackets and `<`, which XGBoost refuses, are replaced.
    categorical : sequence of int
        Positions of the categorical columns.
    on_chunk : callable, optional
        Called after every chunk: binning moves.
    change : callable, optional
        What is to be done to a chunk before it is handed over.
    """

    def __init__(
        self,
        shard: Rows,
        labels: Floats,
        names: list[str],
        categorical: Sequence[int],
        on_chunk: Callable[[], None] | None = None,
        change: Callable[[Matrix], Matrix] | None = None,
    ) -> None:
        super().__init__(release_data=False)
        self._shard = shard
        self._labels = labels
        self._names = accepted_names(names)
        self._types = feature_types(len(names), categorical)
        self._on_chunk = on_chunk
        self._change = change
        self.reset()

    def reset(self) -> None:
        """Start again at the first chunk: XGBoost passes over the data more than once."""
        self._chunks = _chunks(self._shard)
        self._row = 0

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next chunk; False when there is none."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        rows = slice(self._row, self._row + chunk.shape[0])
        weights = self._shard.weights
        input_data(
            data=chunk if self._change is None else self._change(chunk),
            label=self._labels[rows],
            weight=None if weights is None else weights[rows],
            feature_names=self._names,
            feature_types=self._types,
        )
        self._row = rows.stop
        if self._on_chunk is not None:
            self._on_chunk()
        return True


def feature_types(width: int, categorical: Sequence[int]) -> list[str]:
    """XGBoost's types of the columns: `c` for categories, `q` for numbers."""
    places = set(categorical)
    return ["c" if place in places else "q" for place in range(width)]


def accepted_names(names: list[str]) -> list[str]:
    """Names without brackets and `<`: `v[0]` becomes `v_0`; no two become one."""
    plain = [name.translate(_REFUSED) for name in names]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}_{place}" for place, name in enumerate(plain)]


def binned(
    batches: ShardBatches, *, max_bin: int, threads: int, like: Any = None
) -> xgb.QuantileDMatrix:
    """A matrix of bins.

    Parameters
    ----------
    batches : ShardBatches
        The rows.
    max_bin : int
        Bins per column.
    threads : int
        Threads to bin with.
    like : QuantileDMatrix, optional
        Whose bins to use: the training matrix, for validation rows.
    """
    return xgb.QuantileDMatrix(
        batches, max_bin=max_bin, ref=like, nthread=threads, enable_categorical=True
    )


def _chunks(shard: Rows) -> Iterator[Matrix]:
    if shard.rows:
        yield from shard.matrices()
        return
    # A rank without rows takes part all the same, or its peers would wait for it.
    shape = (0, shard.width)
    yield (
        sparse.csr_matrix(shape, dtype=np.float32)
        if shard.is_sparse
        else np.empty(shape, dtype=np.float32)
    )
