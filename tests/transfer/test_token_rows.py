"""Packed tokens: whole numbers in float32."""

from __future__ import annotations

import numpy as np

from pipeline.transfer.token_rows import MOST_IDS
from tests.transfer.packed import unpack

NAN = np.nan


def _rows(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_a_token_is_an_id_and_a_type_again() -> None:
    tokens = unpack(_rows([202, 14, 205, NAN], [202, 205, NAN, NAN]), pad_id=7)
    assert tokens.ids.tolist() == [[101, 7, 102, 7], [101, 102, 7, 7]]
    assert tokens.token_types.tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    assert tokens.mask.tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]
    assert (tokens.ids.dtype, tokens.mask.dtype) == (np.int32, np.float32)


def test_the_largest_id_is_exact() -> None:
    numbers = np.float32(2 * (MOST_IDS - 1) + 1)
    tokens = unpack(np.full((1, 8), numbers, dtype=np.float32))
    assert set(tokens.ids.flat) == {MOST_IDS - 1}
    assert set(tokens.token_types.flat) == {1}
