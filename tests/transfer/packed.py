"""Packed rows of tokens, read again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.deep.padded import Padded
from pipeline.transfer.token_rows import Floats


class Tokens(NamedTuple):
    """One line a window, of shape (rows x windows, length): ids, token types, 1 for a token."""

    ids: np.ndarray
    token_types: np.ndarray
    mask: np.ndarray


def unpack(rows: Floats, pad_id: int = 0) -> Tokens:
    """What `Tokeniser.encode` has packed.

    Parameters
    ----------
    rows : ndarray of float32, shape (rows, max_length) or (rows, windows, length)
        Those of one window are cut first.
    pad_id : int
        Stands for padding.
    """
    table = rows if rows.ndim == 3 else Padded(rows.shape[1]).cut(rows)
    lines = table.reshape(-1, table.shape[2])
    mask = ~np.isnan(lines)
    numbers = np.where(mask, lines, np.float32(2 * pad_id)).astype(np.int32)
    return Tokens(numbers >> 1, numbers & 1, mask.astype(np.float32))
