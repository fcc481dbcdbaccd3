"""Shards as XGBoost's binned matrices, chunk by chunk, without a copy of the whole.

Imported on executors only: importing it loads XGBoost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xgboost as xgb
from scipy import sparse

from pipeline.boosting.matrix_names import accepted_names, feature_types
from pipeline.spark.shard_file import Floats, Matrix


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


@dataclass(frozen=True)
class Asides:
    """What XGBoost is told of rows besides features, labels and the shard's own weights.

    Parameters
    ----------
    weights : ndarray of float32, shape (rows,), or None
        Instead of the shard's own.
    margins : ndarray of float32, shape (rows, outputs), or None
        Base margins.
    lower, upper : ndarray of float32, shape (rows,), or None
        Bounds of the label, instead of the label.
    """

    weights: Floats | None = None
    margins: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None

    def of(self, rows: slice) -> dict[str, Floats]:
        """Those of some rows, as XGBoost takes them."""
        named = {
            "weight": self.weights,
            "base_margin": self.margins,
            "label_lower_bound": self.lower,
            "label_upper_bound": self.upper,
        }
        return {name: values[rows] for name, values in named.items() if values is not None}


class ShardBatches(xgb.DataIter):
    """Feeds a shard's chunks to XGBoost.

    Parameters
    ----------
    shard : Rows
        The mapped rows.
    labels : ndarray of float32, shape (rows,) or (rows, targets)
        What to learn.
    names : sequence of str
        Column names; characters that XGBoost refuses are replaced.
    categorical : sequence of int
        Places of categorical columns.
    on_chunk : callable, optional
        Called after each chunk: training moves.
    change : callable, optional
        What is done to features before XGBoost sees them.
    types : sequence of str, optional
        XGBoost's types of the columns, instead of those that follow from `categorical`.
    asides : Asides, optional
        What else XGBoost is told; by default the shard's weights.
    batch_rows : int
        Most rows at once; 0: a chunk.
    cache : str, optional
        Where XGBoost is to write files of external memory: the first part of their names.
    """

    def __init__(
        self,
        shard: Rows,
        labels: Floats,
        names: Sequence[str],
        categorical: Sequence[int],
        on_chunk: Callable[[], None] | None = None,
        change: Callable[[Matrix], Matrix] | None = None,
        *,
        types: Sequence[str] | None = None,
        asides: Asides | None = None,
        batch_rows: int = 0,
        cache: str | None = None,
    ) -> None:
        super().__init__(cache_prefix=cache, on_host=False)
        self._shard = shard
        self._labels = labels
        self._names = accepted_names(list(names))
        self._types = feature_types(len(names), categorical) if types is None else list(types)
        self._on_chunk = on_chunk
        self._change = change
        self._asides = asides or Asides(weights=shard.weights)
        self._batch_rows = batch_rows
        self.reset()

    def reset(self) -> None:
        """Start again at the first chunk: XGBoost passes over the data more than once."""
        self._chunks = _chunks(self._shard, self._batch_rows)
        self._row = 0

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next chunk; False when there is none."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        rows = slice(self._row, self._row + chunk.shape[0])
        input_data(
            data=chunk if self._change is None else self._change(chunk),
            label=self._labels[rows],
            feature_names=self._names,
            feature_types=self._types,
            **self._asides.of(rows),
        )
        self._row = rows.stop
        if self._on_chunk is not None:
            self._on_chunk()
        return True


def binned(
    batches: ShardBatches,
    *,
    max_bin: int,
    threads: int,
    like: Any = None,
    missing: float | None = None,
    on_disk: bool = False,
) -> xgb.DMatrix:
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
    missing : float, optional
        A number that means missing, besides NaN.
    on_disk : bool
        Whether bins lie in files (the batches say where), of which a page at a time is in use.
    """
    kind = xgb.ExtMemQuantileDMatrix if on_disk else xgb.QuantileDMatrix
    return kind(
        batches,
        max_bin=max_bin,
        ref=like,
        nthread=threads,
        enable_categorical=True,
        missing=missing,
    )


def _chunks(shard: Rows, most: int) -> Iterator[Matrix]:
    if shard.rows:
        for matrix in shard.matrices():
            for start in range(0, matrix.shape[0], most or matrix.shape[0]):
                yield matrix[start : start + most] if most else matrix
        return
    # A rank without rows takes part all the same, or its peers would wait for it.
    shape = (0, shard.width)
    yield (
        sparse.csr_matrix(shape, dtype=np.float32)
        if shard.is_sparse
        else np.empty(shape, dtype=np.float32)
    )
