"""Packed tokens: whole numbers in float32, few shapes."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.transfer.token_rows import MOST_IDS, bucket, cut, lengths, unpack

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


def test_rows_lose_the_columns_that_none_needs() -> None:
    rows = np.full((3, 128), NAN, dtype=np.float32)
    rows[0, :3] = rows[1, :9] = rows[2, :2] = 4
    assert cut(rows).shape == (3, 1, 16)
    assert cut(rows[:1]).shape == (1, 1, 8)
    assert unpack(rows).ids.shape == (3, 16)
    assert lengths(rows).tolist() == [3, 9, 2]
    assert cut(rows[:0]).shape == (0, 1, 8)


def test_rows_lose_the_windows_that_none_needs() -> None:
    rows = np.full((2, 5 * 32), NAN, dtype=np.float32)
    rows[0, : 2 * 32 + 4] = 6  # two windows and a bit of the third
    rows[1, :5] = 8
    assert cut(rows, windows=5).shape == (2, 4, 32)
    tokens = unpack(rows, windows=5)
    assert tokens.windows == 4
    assert tokens.mask.reshape(2, 4, 32).sum(axis=2).tolist() == [[32, 32, 4, 0], [5, 0, 0, 0]]
    assert lengths(rows, windows=5).tolist() == [68, 5]
    again = unpack(cut(rows, windows=5))
    assert np.array_equal(again.ids, tokens.ids)


@pytest.mark.parametrize(
    ("length", "rounded"),
    [(1, 8), (8, 8), (9, 16), (64, 64), (65, 80), (128, 128), (129, 160), (257, 320), (512, 512)],
)
def test_lengths_are_rounded_up_coarser_the_longer_they_are(length: int, rounded: int) -> None:
    assert bucket(length, 512) == rounded


def test_batches_come_in_few_shapes_with_little_padding() -> None:
    every = [bucket(length, 512) for length in range(1, 513)]
    assert len(set(every)) == 20
    assert all(size >= length for length, size in enumerate(every, start=1))
    assert max(size / length for length, size in enumerate(every, start=1) if length > 64) < 1.25
    assert bucket(100, 100) == 100
