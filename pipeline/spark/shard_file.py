"""A shard: encoded rows in one Arrow IPC file, mapped into memory by whoever trains on them.

Nothing in this module needs Spark. A mapped shard costs no anonymous memory: the page cache holds
what is in use, and processes on one host share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from pipeline.errors import StoreError

Matrix: TypeAlias = npt.NDArray[np.float32] | sparse.csr_matrix
Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.int64]

CHUNK_ROWS = 65_536
"""Rows of every record batch but the last: a row's place follows from its number."""


@dataclass(frozen=True)
class ShardRows:
    """Rows on their way into a shard.

    Parameters
    ----------
    ids : ndarray of int64, shape (rows,)
        Row identities.
    features : ndarray of float32 or csr_matrix, shape (rows, width)
        The encoded features.
    labels : ndarray of float32, shape (rows,)
        Class positions, or values.
    weights : ndarray of float32, shape (rows,), or None
        Row weights.
    groups : ndarray of int64, shape (rows,), or None
        A hash of the group that a row belongs to.
    extras : ndarray of float32, shape (rows, extras), or None
        Further numbers of a row that are no features: base margins, upper bounds of labels.
    """

    ids: Integers
    features: Matrix
    labels: Floats
    weights: Floats | None = None
    groups: Integers | None = None
    extras: Floats | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, chosen: npt.NDArray[np.bool_] | Integers) -> ShardRows:
        """The rows at which a mask is true, or at these places."""
        return ShardRows(
            self.ids[chosen],
            self.features[chosen],
            self.labels[chosen],
            None if self.weights is None else self.weights[chosen],
            None if self.groups is None else self.groups[chosen],
            None if self.extras is None else self.extras[chosen],
        )


def concatenate(parts: list[ShardRows]) -> ShardRows:
    """The rows of several blocks of one layout, one after the other."""
    if len(parts) == 1:
        return parts[0]
    weights = [part.weights for part in parts if part.weights is not None]
    groups = [part.groups for part in parts if part.groups is not None]
    extras = [part.extras for part in parts if part.extras is not None]
    matrices = [part.features for part in parts]
    dense = isinstance(matrices[0], np.ndarray)
    return ShardRows(
        np.concatenate([part.ids for part in parts]),
        np.concatenate(matrices) if dense else sparse.vstack(matrices, format="csr"),
        np.concatenate([part.labels for part in parts]),
        np.concatenate(weights) if weights else None,
        np.concatenate(groups) if groups else None,
        np.concatenate(extras) if extras else None,
    )


class ShardWriter:
    """Writes rows to a shard in chunks of `CHUNK_ROWS`; a context manager.

    Parameters
    ----------
    path : Path
        The file to write.
    width : int
        Columns of the feature matrix.
    is_sparse, is_weighted, is_grouped : bool
        The layout: whether features are sparse, whether rows have weights, and groups.
    extras : int
        Further numbers of each row.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        *,
        is_sparse: bool,
        is_weighted: bool,
        is_grouped: bool = False,
        extras: int = 0,
    ) -> None:
        self.rows = 0
        optional: list[tuple[str, pa.DataType]] = [
            *[("weight", pa.float32())] * is_weighted,
            *[("group", pa.int64())] * is_grouped,
            *[("extras", pa.list_(pa.float32(), extras))] * bool(extras),
        ]
        self._schema = _schema(width, is_sparse, optional)
        self._writer = pa.ipc.new_file(str(path), self._schema)
        self._waiting: list[ShardRows] = []

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None and self._waiting:
            self._write(concatenate(self._waiting))
        self._writer.close()

    def add(self, rows: ShardRows) -> None:
        """Append rows."""
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) < CHUNK_ROWS:
            return
        block = concatenate(self._waiting)
        place = np.arange(len(block))
        while len(block) >= CHUNK_ROWS:
            self._write(block.where(place < CHUNK_ROWS))
            block = block.where(place >= CHUNK_ROWS)
            place = np.arange(len(block))
        self._waiting = [block]

    def _write(self, rows: ShardRows) -> None:
        if not len(rows):
            return
        columns = [pa.array(rows.ids), *_feature_arrays(rows.features), pa.array(rows.labels)]
        columns += [pa.array(each) for each in (rows.weights, rows.groups) if each is not None]
        if rows.extras is not None:
            columns += _feature_arrays(rows.extras)
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
        self.rows += len(rows)


class Shard:
    """A shard, mapped for reading.

    Raises
    ------
    StoreError
        When the file is missing, or is not a whole shard.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._reader = pa.ipc.open_file(pa.memory_map(str(path)))
            self._batches = [
                self._reader.get_batch(i) for i in range(self._reader.num_record_batches)
            ]
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"shard {path}: cannot be read: {error}") from error
        self.rows = sum(batch.num_rows for batch in self._batches)
        self.width = int((self._reader.schema.metadata or {})[b"width"])

    @property
    def is_sparse(self) -> bool:
        """Whether the features are sparse."""
        return "features" not in self._reader.schema.names

    @property
    def values(self) -> int:
        """Values that the shard holds: of sparse rows, those that are stored."""
        if not self.is_sparse:
            return int(self.rows * self.width)
        return int(sum(len(batch.column("values").flatten()) for batch in self._batches))

    @property
    def is_weighted(self) -> bool:
        """Whether the rows have weights."""
        return "weight" in self._reader.schema.names

    @cached_property
    def ids(self) -> Integers:
        """Row identities, ascending (in each group, where groups stay together), shape (rows,)."""
        return self._column("id", np.int64)

    @cached_property
    def labels(self) -> Floats:
        """Labels, shape (rows,)."""
        return self._column("label", np.float32)

    @cached_property
    def weights(self) -> Floats | None:
        """Row weights, shape (rows,), or None."""
        return self._column("weight", np.float32) if self.is_weighted else None

    @cached_property
    def groups(self) -> Integers | None:
        """Hashes of the rows' groups, shape (rows,), or None."""
        is_grouped = "group" in self._reader.schema.names
        return self._column("group", np.int64) if is_grouped else None

    @cached_property
    def extras(self) -> Floats | None:
        """Further numbers of each row, shape (rows, extras), or None."""
        schema = self._reader.schema
        if "extras" not in schema.names:
            return None
        width = schema.field("extras").type.list_size
        parts = [np.asarray(batch.column("extras").flatten()) for batch in self._batches]
        flat = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
        return flat.reshape(-1, width)

    def matrices(self) -> Iterator[Matrix]:
        """The features chunk by chunk, mapped: read them, do not write to them."""
        for batch in self._batches:
            yield self._matrix(batch)

    def take(self, places: Integers) -> Matrix:
        """A copy of the features at row numbers `places`, in their order."""
        chunks = places // CHUNK_ROWS
        if self.is_sparse:
            return self._take_sparse(places, chunks)
        if len(self._dense) == 1:
            return np.take(self._dense[0], places, axis=0)
        out = np.empty((len(places), self.width), dtype=np.float32)
        for chunk in np.flatnonzero(np.bincount(chunks)):
            mask = chunks == chunk
            out[mask] = self._dense[chunk][places[mask] - chunk * CHUNK_ROWS]
        return out

    @cached_property
    def _dense(self) -> list[Floats]:
        """The features of each chunk, mapped."""
        return [self._matrix(batch) for batch in self._batches]

    def _take_sparse(self, places: Integers, chunks: Integers) -> sparse.csr_matrix:
        order = np.argsort(chunks, kind="stable")
        parts = [
            self._matrix(self._batches[chunk])[places[chunks == chunk] - chunk * CHUNK_ROWS]
            for chunk in np.unique(chunks)
        ]
        if not parts:
            return sparse.csr_matrix((0, self.width), dtype=np.float32)
        back = np.empty(len(places), dtype=np.int64)
        back[order] = np.arange(len(places))
        return sparse.vstack(parts, format="csr")[back]

    def _matrix(self, batch: pa.RecordBatch) -> Matrix:
        if not self.is_sparse:
            values = batch.column("features").flatten()
            return np.asarray(values.to_numpy()).reshape(batch.num_rows, self.width)
        values = batch.column("values")
        offsets = np.asarray(values.offsets)
        parts = (values.flatten().to_numpy(), batch.column("indices").flatten().to_numpy(), offsets)
        return sparse.csr_matrix(parts, (batch.num_rows, self.width))

    def _column(self, name: str, kind: type[Any]) -> npt.NDArray[Any]:
        parts: list[npt.NDArray[Any]] = [batch.column(name).to_numpy() for batch in self._batches]
        if len(parts) == 1:
            return parts[0]  # mapped
        found = np.concatenate(parts) if parts else np.empty(0, dtype=kind)
        found.flags.writeable = False  # as a mapped one
        return found


def _schema(width: int, is_sparse: bool, optional: list[tuple[str, pa.DataType]]) -> pa.Schema:
    features = (
        [("indices", pa.list_(pa.int32())), ("values", pa.list_(pa.float32()))]
        if is_sparse
        else [("features", pa.list_(pa.float32(), width))]
    )
    fields = [("id", pa.int64()), *features, ("label", pa.float32()), *optional]
    return pa.schema(fields, metadata={"width": str(width)})


def _feature_arrays(matrix: Matrix) -> list[pa.Array]:
    if isinstance(matrix, np.ndarray):
        flat = pa.array(np.ascontiguousarray(matrix, dtype=np.float32).reshape(-1))
        return [pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])]
    offsets = pa.array(matrix.indptr.astype(np.int32))
    return [
        pa.ListArray.from_arrays(offsets, pa.array(matrix.indices.astype(np.int32))),
        pa.ListArray.from_arrays(offsets, pa.array(matrix.data.astype(np.float32))),
    ]
