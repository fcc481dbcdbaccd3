"""Borders of bins, found for a few columns at a time, where all at once need too much memory.

While XGBoost looks for the borders it keeps a summary of every column, some megabytes each. Found
in blocks of columns, the borders are the same; a small table whose values have just these borders
then stands for the rows, and XGBoost takes its borders over. The trained model is the same, byte
for byte. Imported on executors only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline.boosting.matrix import Asides, Rows, ShardBatches, binned
from pipeline.boosting.memory import COLUMNS_AT_ONCE, batch_rows
from pipeline.spark.shard_file import Floats


def like_rows(
    rows: Rows,
    labels: Floats,
    asides: Asides,
    types: Sequence[str],
    *,
    max_bin: int,
    threads: int,
    missing: float | None,
    directory: Path,
    on_chunk: Callable[[], None],
) -> xgb.QuantileDMatrix:
    """A small matrix with the bins of the rows of all ranks.

    Parameters
    ----------
    rows : Rows
        Dense rows of this rank.
    labels : ndarray of float32, shape (rows,)
        Their labels.
    asides : Asides
        Their weights, on which borders depend.
    types : sequence of str
        XGBoost's type of each column.
    max_bin, threads : int
        Bins per column; threads to find them with.
    missing : float or None
        A number that means missing, besides NaN.
    directory : Path
        For files that are deleted when their block is done.
    on_chunk : callable
        Called after each chunk of rows.
    """
    least, greatest = _bounds(rows, missing, on_chunk)
    columns: list[Floats] = []
    for place in _blocks(rows.width):
        batches = ShardBatches(
            rows,
            labels,
            [f"f{number}" for number in range(rows.width)][place],
            (),
            on_chunk,
            lambda matrix, place=place: matrix[:, place],  # type: ignore[misc]
            types=types[place],
            asides=Asides(asides.weights),
            batch_rows=batch_rows(rows.width),
            cache=str(directory / f"cuts-{place.start}"),
        )
        block = binned(batches, max_bin=max_bin, threads=threads, missing=missing, on_disk=True)
        starts, values = block.get_quantile_cut()
        columns += [values[a:b] for a, b in pairwise(starts)]
        del block, batches
    pairs = zip(columns, types, least, greatest, strict=True)
    return _table([_values(*pair) for pair in pairs], types, max_bin)


def _blocks(width: int) -> Iterator[slice]:
    for start in range(0, width, COLUMNS_AT_ONCE):
        yield slice(start, min(start + COLUMNS_AT_ONCE, width))


def _bounds(
    rows: Rows, missing: float | None, on_chunk: Callable[[], None]
) -> tuple[Floats, Floats]:
    """The least and the greatest value of each column, over all ranks."""
    least = np.full(rows.width, np.inf, dtype=np.float32)
    greatest = np.full(rows.width, -np.inf, dtype=np.float32)
    for matrix in rows.matrices():
        for start in range(0, matrix.shape[0], batch_rows(rows.width)):
            part = np.asarray(matrix[start : start + batch_rows(rows.width)])
            if missing is not None:
                part = np.where(part == missing, np.float32(np.nan), part)
            least = np.fmin(least, np.fmin.reduce(part, axis=0, initial=np.inf))
            greatest = np.fmax(greatest, np.fmax.reduce(part, axis=0, initial=-np.inf))
        on_chunk()
    if collective.is_distributed():
        least = collective.allreduce(least, collective.Op.MIN)
        greatest = collective.allreduce(greatest, collective.Op.MAX)
    return least, greatest


def _values(cuts: Floats, kind: str, least: np.float32, greatest: np.float32) -> Floats:
    """Values whose bins have these borders.

    XGBoost puts a border below the least value and one above the greatest; those between are values
    themselves.
    """
    if kind == "c":
        return cuts
    if not np.isfinite(least):  # a column without any value
        return cuts[:0]
    return np.unique(np.concatenate([[least], cuts[1:-1], [greatest]]).astype(np.float32))


def _table(columns: list[Floats], types: Sequence[str], max_bin: int) -> xgb.QuantileDMatrix:
    table = np.full((max(map(len, columns), default=0), len(columns)), np.nan, dtype=np.float32)
    for place, values in enumerate(columns):
        table[: len(values), place] = values
    return xgb.QuantileDMatrix(
        table,
        np.zeros(len(table), dtype=np.float32),
        max_bin=max_bin,
        feature_types=list(types),
        enable_categorical=True,
        nthread=1,
    )
