"""Tokens as rows of numbers, which is how a text travels to a network.

A token is the number 2 x id + token type, padding is NaN. float32 holds whole numbers up to 2**24
exactly, so ids may go up to `MOST_IDS`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float32]

MOST_IDS = 1 << 23
"""Vocabularies may be as large as that."""


def as_lists(rows: Floats) -> pa.Array:
    """An array of floats for each row, as columns of Spark hold it; no copy."""
    count, width = rows.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * width)
    return pa.ListArray.from_arrays(offsets, pa.array(rows.reshape(-1)))
