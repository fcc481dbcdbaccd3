"""What a row says besides its features, label and weight: base margins, a bound of its label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.data.encoding import FeatureSchema, Table
from pipeline.errors import DataError

if TYPE_CHECKING:
    from pipeline.estimators.profile import Columns

Floats = npt.NDArray[np.float32]


def encode_extras(batch: Table, columns: Columns) -> Floats | None:
    """Base margins, then the upper bound of the label.

    Parameters
    ----------
    batch : RecordBatch
        Rows with the columns' own names.
    columns : Columns
        Which columns they are.

    Returns
    -------
    ndarray of float32, shape (rows, extras), or None
        None where the rows have neither. A null upper bound is infinite: the event has not been
        seen yet.

    Raises
    ------
    DataError
        When a base margin is null or there are too few, or an upper bound is below the label.
    """
    parts = []
    if columns.margin is not None:
        parts.append(margins_of(batch.column(columns.margin), columns.margin, columns.margins))
    if columns.upper is not None:
        parts.append(_bounds(batch, columns.label, columns.upper)[:, None])
    return np.concatenate(parts, axis=1) if parts else None


def margins_of(column: pa.Array | pa.ChunkedArray, name: str, width: int) -> Floats:
    """A column of base margins, shape (rows, width)."""
    if column.null_count:
        raise DataError(f"baseMarginCol: {name} is null in {column.null_count} rows of a batch")
    if pa.types.is_struct(column.type) or pa.types.is_list(column.type):
        found = FeatureSchema(vector=name, size=width).encode(pa.table({name: column}))
        return _finite(np.asarray(found, dtype=np.float32), name)
    if width != 1:
        raise too_few_margins(name, width)
    values = np.asarray(pc.cast(column, pa.float32(), safe=False)).astype(np.float32)
    return _finite(values[:, None], name)


def _finite(values: Floats, name: str) -> Floats:
    if not np.isfinite(values).all():
        raise DataError(f"baseMarginCol: {name} is NaN or infinite in a batch; replace it")
    return values


def too_few_margins(name: str, width: int) -> DataError:
    """The error of a column with one number where a model has several outputs."""
    return DataError(
        f"baseMarginCol: {name} holds one number a row, and this model needs {width}: one for "
        "each class or quantile, as a vector or an array"
    )


def _bounds(batch: Table, label: str, name: str) -> Floats:
    upper = np.asarray(pc.fill_null(pc.cast(batch.column(name), pa.float32(), safe=False), np.inf))
    lower = np.asarray(pc.cast(batch.column(label), pa.float32(), safe=False))
    below = int((~(upper >= lower)).sum())
    if below:
        raise DataError(
            f"labelUpperCol: {name} is NaN or below {label}, the lower bound, in {below} rows of a "
            "batch"
        )
    return upper.astype(np.float32)
