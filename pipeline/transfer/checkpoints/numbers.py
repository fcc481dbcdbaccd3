"""Numbers as files hold them, as NumPy's arrays; NumPy has no bfloat16."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# A bfloat16 is the upper half of a float32.
KINDS: dict[str, np.dtype[Any]] = {
    "float64": np.dtype("<f8"),
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
    "int64": np.dtype("<i8"),
    "int32": np.dtype("<i4"),
    "int16": np.dtype("<i2"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "bool": np.dtype("?"),
}
"""Of each kind of number: how its bytes lie."""


_MOST_DIMENSIONS = 32  # NumPy's
_MOST_NUMBERS = 2**48  # far beyond any checkpoint, and far from the end of NumPy's integers


def is_possible(shape: Sequence[int]) -> bool:
    """Whether an array can have this shape; extents of 0 do not hide others that are absurd."""
    numbers = math.prod(max(extent, 1) for extent in shape)
    return len(shape) <= _MOST_DIMENSIONS and numbers <= _MOST_NUMBERS


def decoded(content: bytes, kind: str) -> Array:
    """Numbers from their bytes, shape (numbers,).

    Parameters
    ----------
    content : bytes
        A whole count of numbers, the lowest byte of each first.
    kind : str
        One of `KINDS`.

    Returns
    -------
    ndarray
        Floating point numbers as float32, others as they are; writable.
    """
    found: Array = np.frombuffer(content, KINDS[kind])
    if kind == "bfloat16":
        wide: Array = found.astype(np.uint32) << 16
        return wide.view(np.float32)
    with np.errstate(over="ignore"):
        return found.astype(np.float32 if kind.startswith("float") else found.dtype)
