"""From typed columns to the numbers that a learner sees; the same code trains and scores.

Nothing in this module needs Spark: it turns Arrow batches into numpy (dense) or scipy (sparse)
matrices, on an executor, on the driver or in a plain Python process.

Null policy: a null or NaN number is missing (NaN); a null category, and one that training has not
seen, is missing too; an infinite number is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from pipeline.errors import DataError, ModelError

Matrix: TypeAlias = npt.NDArray[np.float32] | sparse.csr_matrix
Kind: TypeAlias = Literal["numeric", "boolean", "categorical"]
Table: TypeAlias = pa.RecordBatch | pa.Table

_SPARSE_VECTOR = 0  # the `type` field of Spark's vectors: 0 sparse, 1 dense


@dataclass(frozen=True)
class Feature:
    """One typed input column.

    Parameters
    ----------
    name : str
        The column.
    kind : {"numeric", "boolean", "categorical"}
        Booleans become 0 and 1, categories their position in `categories`.
    categories : tuple of str
        Categories seen in training, sorted.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()

    def encode(self, column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float32]:
        """Values as float32 of shape (rows,), NaN where missing."""
        if self.kind == "categorical":
            codes = pc.index_in(pc.cast(column, pa.string()), value_set=self._categories)
            return _floats(codes)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            raise DataError(f"column {self.name} holds text; in training it held numbers")
        values = _floats(column)
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise DataError(
                f"column {self.name}: {infinite} infinite values (or beyond float32) in a batch of "
                f"{len(values)} rows; replace them by null or by a finite number"
            )
        return values

    @cached_property
    def _categories(self) -> pa.Array:
        return pa.array(self.categories, type=pa.string())


@dataclass(frozen=True)
class FeatureSchema:
    """What the input looks like and how it becomes a matrix.

    Either `features` (typed columns) or `vector` (one vector or array column) is set.

    Parameters
    ----------
    features : tuple of Feature
        Typed columns, in the order of the matrix.
    vector : str or None
        A vector or array column.
    size : int
        Length of the vectors.
    is_sparse : bool
        Vectors are kept sparse; absent entries and zeros are then the same thing, which XGBoost
        reads as missing.
    """

    features: tuple[Feature, ...] = ()
    vector: str | None = None
    size: int = 0
    is_sparse: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns that scoring needs."""
        return (self.vector,) if self.vector else tuple(item.name for item in self.features)

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return self.size if self.vector else len(self.features)

    @property
    def names(self) -> list[str]:
        """A name for each column of the matrix."""
        if self.vector:
            return [f"{self.vector}[{i}]" for i in range(self.size)]
        return [item.name for item in self.features]

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical columns of the matrix."""
        return [i for i, item in enumerate(self.features) if item.kind == "categorical"]

    def encode(self, table: Table) -> Matrix:
        """Encode a batch.

        Returns
        -------
        numpy.ndarray of float32, shape (rows, width), or scipy.sparse.csr_matrix
            The matrix; NaN (dense) or absent (sparse) entries are missing.

        Raises
        ------
        DataError
            For a missing column, an infinite value, or a vector of another length.
        """
        missing = [name for name in self.columns if name not in table.schema.names]
        if missing:
            raise DataError(f"columns missing from the table: {', '.join(missing)}")
        if self.vector:
            return self._encode_vectors(table.column(self.vector))
        matrix = np.empty((table.num_rows, self.width), dtype=np.float32)
        for position, feature in enumerate(self.features):
            matrix[:, position] = feature.encode(table.column(feature.name))
        return matrix

    def _encode_vectors(self, column: pa.ChunkedArray | pa.Array) -> Matrix:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(array, pa.ChunkedArray):  # no chunk at all
            array = pa.concat_arrays(array.chunks) if array.chunks else pa.array([], array.type)
        if array.null_count:
            raise DataError(f"column {self.vector}: {array.null_count} null vectors; drop the rows")
        rows = _vectors(array, self.size, str(self.vector))
        if self.is_sparse:
            rows = sparse.csr_matrix(rows, copy=True)
            rows.eliminate_zeros()
            return rows
        return rows if isinstance(rows, np.ndarray) else np.asarray(rows.toarray(), np.float32)

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FeatureSchema:
        """Read the form that `to_json` writes."""
        try:
            features = tuple(
                Feature(item["name"], item["kind"], tuple(item["categories"]))
                for item in data["features"]
            )
            return cls(features, data["vector"], int(data["size"]), bool(data["is_sparse"]))
        except (KeyError, TypeError) as error:
            raise ModelError(f"the model's feature schema is damaged: {error!r}") from error


@dataclass(frozen=True)
class LabelSchema:
    """What a label is: classes, each known by its position, or a number to predict.

    Parameters
    ----------
    name : str
        The label column.
    classes : tuple
        The label's own values, sorted: all numbers (float) or all strings; empty for a number to
        predict.
    bounds : (float, float)
        The least and the greatest value of a number to predict.
    """

    name: str
    classes: tuple[float, ...] | tuple[str, ...]
    bounds: tuple[float, float] = (0.0, 0.0)

    @property
    def is_number(self) -> bool:
        """Whether the label is a number to predict."""
        return not self.classes

    @property
    def is_text(self) -> bool:
        """Whether the label's values are strings."""
        return bool(self.classes) and isinstance(self.classes[0], str)

    def encode(self, column: pa.Array) -> npt.NDArray[np.float32]:
        """Class positions, or values, as float32 of shape (rows,)."""
        if self.is_number:
            return _floats(column)
        kind = pa.string() if self.is_text else pa.float64()
        values = pc.cast(_plain(column), kind, safe=False)
        if not self.is_text:
            values = pc.add(values, 0.0)  # -0.0 is 0.0, as it is for Spark
        codes = pc.index_in(values, value_set=pa.array(self.classes, type=kind))
        if codes.null_count:
            raise DataError(f"label {self.name}: {codes.null_count} values are none of the classes")
        return _floats(codes)

    def decode(self, codes: npt.NDArray[Any]) -> pa.Array:
        """The label's own values for class positions."""
        kind = pa.string() if self.is_text else pa.float64()
        return pa.array(self.classes, type=kind).take(pa.array(codes.astype(np.int64)))

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        bounds = {"bounds": list(self.bounds)} if self.is_number else {}
        return {"name": self.name, "classes": list(self.classes), **bounds}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LabelSchema:
        """Read the form that `to_json` writes."""
        low, high = data.get("bounds", (0.0, 0.0))
        return cls(str(data["name"]), tuple(data["classes"]), (low, high))


def _plain(column: pa.Array) -> pa.Array:
    # Arrow has no cast from boolean to float64.
    return pc.cast(column, pa.int8()) if pa.types.is_boolean(column.type) else column


def _floats(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float32]:
    array = _plain(column)
    if pa.types.is_decimal(array.type):
        array = pc.cast(array, pa.float64())
    values = pc.cast(array, pa.float32(), safe=False)
    filled = pc.fill_null(values, np.float32("nan")) if values.null_count else values
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.float32)


def _vectors(array: pa.Array, size: int, name: str) -> Matrix:
    if not pa.types.is_struct(array.type):
        lists = pc.cast(array, pa.list_(pa.float32()), safe=False)
        return _dense_rows(lists, size, name)
    kinds = np.asarray(array.field("type").to_numpy(zero_copy_only=False))
    values = pc.cast(array.field("values"), pa.list_(pa.float32()), safe=False)
    if not (kinds == _SPARSE_VECTOR).any():
        return _dense_rows(values, size, name)
    return _mixed_rows(array, kinds, values, size, name)


def _dense_rows(lists: pa.ListArray, size: int, name: str) -> npt.NDArray[np.float32]:
    lengths = np.diff(np.asarray(lists.offsets))
    if (lengths != size).any():
        raise DataError(
            f"column {name}: vectors of length {lengths[lengths != size][0]}, not {size}"
        )
    data = _finite(lists.flatten().to_numpy(zero_copy_only=False), name)
    return data.reshape(len(lengths), size)


def _mixed_rows(
    array: pa.Array,
    kinds: npt.NDArray[Any],
    values: pa.ListArray,
    size: int,
    name: str,
) -> sparse.csr_matrix:
    offsets = np.asarray(values.offsets, dtype=np.int64)
    lengths = np.diff(offsets)
    declared = pc.fill_null(array.field("size"), size).to_numpy(zero_copy_only=False)
    wrong = np.where(kinds == _SPARSE_VECTOR, declared, lengths)
    if (wrong != size).any():
        raise DataError(f"column {name}: vectors of length {wrong[wrong != size][0]}, not {size}")
    start, stop = int(offsets[0]), int(offsets[-1])
    data = _finite(values.values[start:stop].to_numpy(zero_copy_only=False), name)
    offsets -= start  # a slice's own rows only
    indices = np.empty(len(data), dtype=np.int32)
    own = array.field("indices")
    own_values = np.asarray(own.values.to_numpy(zero_copy_only=False))
    own_offsets = np.asarray(own.offsets, dtype=np.int64)
    for row, kind in enumerate(kinds):
        target = slice(offsets[row], offsets[row + 1])
        if kind == _SPARSE_VECTOR:
            indices[target] = own_values[own_offsets[row] : own_offsets[row + 1]]
        else:
            indices[target] = np.arange(size, dtype=np.int32)
    return sparse.csr_matrix((data, indices, offsets), (len(kinds), size))


def _finite(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    data = np.asarray(values, dtype=np.float32)
    infinite = int(np.isinf(data).sum())
    if infinite:
        raise DataError(f"column {name}: {infinite} infinite values; replace them")
    return data
