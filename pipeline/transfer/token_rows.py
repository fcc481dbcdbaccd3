"""Tokens as rows of numbers, which is how a text travels to a network, and back.

A token is the number 2 x id + token type, padding is NaN. float32 holds whole numbers up to 2**24
exactly, so ids may go up to `MOST_IDS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]

MOST_IDS = 1 << 23
"""Vocabularies may be as large as that."""

_SMALLEST_STEP = 8


@dataclass(frozen=True)
class Tokens:
    """What a network takes, one line a window: window w of row r is line r x windows + w.

    Parameters
    ----------
    ids, token_types : array of int32, shape (rows x windows, length)
        Padding has the padding token's id, and type 0.
    mask : array of float32, shape (rows x windows, length)
        1 for a token, 0 for padding. A window that a short text does not use is all 0.
    windows : int
        Windows of each row.
    """

    ids: Integers
    token_types: Integers
    mask: Floats
    windows: int


def lengths(rows: Floats, windows: int = 1) -> Integers:
    """How many tokens each row has, all its windows together, shape (rows,)."""
    found: Integers = _known(rows, windows).sum(axis=(1, 2), dtype=np.int32)
    return found


def cut(rows: Floats, windows: int = 1) -> Floats:
    """Rows without the columns and windows that none of them uses, or nearly so.

    Lengths are rounded up to a `bucket` and windows to a power of two, so that batches come in few
    shapes.

    Parameters
    ----------
    rows : array of float32, shape (rows, windows x max_length)
        As `Tokeniser.encode` gives them.
    windows : int
        Windows of each row; default 1.

    Returns
    -------
    array of float32, shape (rows, fewer windows, length)
        At least one window of one bucket, also for no rows at all.
    """
    known = _known(rows, windows)
    most_windows, most_length = known.shape[1:]
    length = _extent(known.any(axis=(0, 1)))
    used = _extent(known.any(axis=(0, 2)))
    kept_windows = min(1 << (used - 1).bit_length(), most_windows)
    table = rows.reshape(known.shape)
    return table[:, :kept_windows, : bucket(length, most_length)]


def unpack(rows: Floats, windows: int = 1, pad_id: int = 0) -> Tokens:
    """Ids, token types and mask of packed rows.

    Parameters
    ----------
    rows : array of float32, shape (rows, windows x max_length)
        As `Tokeniser.encode` gives them; they are `cut` first. Or what `cut` gave, shape
        (rows, windows, length), which is taken as it is.
    windows : int
        Windows of each row, of rows that are not cut yet; default 1.
    pad_id : int
        Id of the padding token; default 0.
    """
    table = rows if rows.ndim == 3 else cut(rows, windows)
    lines = table.reshape(-1, table.shape[2])
    mask = ~np.isnan(lines)
    numbers = np.where(mask, lines, np.float32(2 * pad_id)).astype(np.int32)
    return Tokens(numbers >> 1, numbers & 1, mask.astype(np.float32), table.shape[1])


def bucket(length: int, most: int) -> int:
    """A length rounded up: to 8 up to 64, to 16 up to 128, to 32 up to 256 and so on.

    Parameters
    ----------
    length : int
        1 or more.
    most : int
        What is never exceeded.
    """
    step = max(_SMALLEST_STEP, (1 << (length - 1).bit_length()) // 8)
    return min(-(-length // step) * step, most)


def as_lists(rows: Floats) -> pa.Array:
    """An array of floats for each row, as columns of Spark hold it; no copy."""
    count, width = rows.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * width)
    return pa.ListArray.from_arrays(offsets, pa.array(rows.reshape(-1)))


def _known(rows: Floats, windows: int) -> npt.NDArray[np.bool_]:
    return ~np.isnan(rows).reshape(len(rows), windows, rows.shape[1] // windows)


def _extent(is_used: npt.NDArray[np.bool_]) -> int:
    """How many entries there are up to the last one that is used; 1 where none is."""
    return int(np.max(np.flatnonzero(is_used), initial=0)) + 1
