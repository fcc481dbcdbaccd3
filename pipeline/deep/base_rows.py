"""What the fixed part of a network gives for a rank's rows: computed once, mapped from disk.

The file has no name any more when it is mapped: it goes with the process, whatever ends that. What
is to outlive the process is in `KeptValues`.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pipeline.deep.communication import Rank
from pipeline.deep.feed import Batch
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.kept_values import KeptValues
from pipeline.deep.padded import Padded
from pipeline.deep.sources import Rows
from pipeline.errors import UserError
from pipeline.files.local_directory import spool_directory
from pipeline.spark.shard_file import CHUNK_ROWS, Integers, Matrix

PIECE_ROWS = 4_096
"""Rows that are kept together: a large base takes minutes for so many on a CPU, not hours."""
_AT_ONCE = 1_024
_BYTES = np.dtype(np.float32).itemsize

Call = Callable[[Floats, Floats], Floats]
"""The fixed part: numbers and codes of some rows in, its outputs of shape (rows, units) out."""


class BaseRows:
    """Rows whose features are what a base gave for other rows.

    Parameters
    ----------
    rows : Rows
        The other rows; labels and weights are theirs.
    values : ndarray of float32, shape (rows, units)
        What the base gave.
    """

    def __init__(self, rows: Rows, values: Floats) -> None:
        self._rows = rows
        self._values = values

    @property
    def rows(self) -> int:
        """How many."""
        return self._rows.rows

    @property
    def width(self) -> int:
        """Units of the base's output."""
        return int(self._values.shape[1])

    @property
    def is_weighted(self) -> bool:
        """Whether the rows have weights."""
        return self._rows.is_weighted

    @property
    def labels(self) -> Floats:
        """Class positions or values, shape (rows,)."""
        return self._rows.labels

    @property
    def weights(self) -> Floats | None:
        """Row weights, shape (rows,), or None."""
        return self._rows.weights

    def matrices(self) -> Iterator[Matrix]:
        """The features chunk by chunk, only to be read."""
        for begin in range(0, self.rows, CHUNK_ROWS):
            yield self._values[begin : begin + CHUNK_ROWS]

    def take(self, places: Integers) -> Matrix:
        """A copy of the features at row numbers `places`, in their order."""
        return np.take(self._values, places, axis=0)


def base_rows(
    rows: Rows,
    call: Call,
    layout: InputLayout,
    padded: Padded | None,
    rank: Rank,
    kept: KeptValues | None = None,
) -> BaseRows:
    """Run a base over all rows of a rank, but for those of which it is kept what it gives.

    Parameters
    ----------
    rows : Rows
        The rows.
    call : callable
        The base.
    layout : InputLayout
        How a row is split into numbers and codes.
    padded : Padded or None
        How rows are padded: those of like length go together.
    rank : Rank
        Says that it moves.
    kept : KeptValues, optional
        Where what it gives is kept.

    Raises
    ------
    UserError
        When this host's disk has no room for what the base gives.
    """
    values = _mapped(rows.rows, _units(call, layout))
    end = 0
    for numbers, codes in _pieces(rows, layout):
        begin, end = end, end + len(numbers)
        own = values[begin:end]
        place = kept.place((numbers, codes)) if kept else ""
        if not (kept and kept.read(place, own)):
            for places in _batches(numbers, padded):
                own[places] = call(numbers[places], codes[places])
                rank.advance()
            if kept:
                kept.write(place, own)
        rank.advance()
    return BaseRows(rows, values)


def on_base(batch: Batch, call: Call) -> Batch:
    """A batch whose features are what a base gives for those of another."""
    values = call(batch.numbers, batch.codes)
    return replace(batch, numbers=values, codes=values[:, :0])


def _units(call: Call, layout: InputLayout) -> int:
    """Of the base's output; a rank without rows must know them, too."""
    numbers = np.full((1, len(layout.numeric)), np.nan, np.float32)
    return int(call(numbers, np.zeros((1, len(layout.categorical)), np.float32)).shape[1])


def _pieces(rows: Rows, layout: InputLayout) -> Iterator[tuple[Floats, Floats]]:
    """Numbers and codes of the rows that are kept together."""
    for chunk in rows.matrices():
        numbers, codes = layout.numbers(chunk), layout.codes(chunk)
        for begin in range(0, len(numbers), PIECE_ROWS):
            yield numbers[begin : begin + PIECE_ROWS], codes[begin : begin + PIECE_ROWS]


def _batches(numbers: Floats, padded: Padded | None) -> Iterator[Integers]:
    if padded is not None:
        yield from padded.batches(padded.lengths(numbers))
        return
    for begin in range(0, len(numbers), _AT_ONCE):
        yield np.arange(begin, min(begin + _AT_ONCE, len(numbers)))


def _mapped(rows: int, units: int) -> Floats:
    if not rows:
        return np.zeros((0, units), np.float32)
    with tempfile.TemporaryFile(dir=spool_directory()) as file:
        _take_room(file.fileno(), rows * units * _BYTES)
        return np.memmap(file, np.float32, "w+", shape=(rows, units))


def _take_room(file: int, size: int) -> None:
    """Have a file's blocks before it is mapped: a disk that is full later would kill the process.

    That is by SIGBUS, which tells nobody why.
    """
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        place = spool_directory() or tempfile.gettempdir()
        raise UserError(
            f"host {socket.gethostname()}: {place} has no room for {-(-size // 2**20)} MiB, what "
            f"the part that stays as it is gives for a worker's rows ({error.strerror}); give the "
            "nodes larger disks, name a larger one (spark.local.dir, or YARN's local-dirs), or "
            "have more workers on more nodes"
        ) from error
