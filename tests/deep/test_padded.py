"""Padded rows: how long they are, what is cut, which are scored together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.deep.padded import Padded
from pipeline.errors import ModelError, UserError

NAN = np.nan


def _rows(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_a_row_is_as_long_as_what_is_before_its_padding() -> None:
    padded = Padded(4)
    rows = _rows([1, 2, 3, 4], [1, NAN, NAN, NAN], [NAN] * 4, [1, NAN, 3, NAN])
    assert padded.lengths(rows).tolist() == [4, 1, 0, 3]
    assert padded.lengths(rows[:0]).tolist() == []


def test_rows_of_more_windows_are_longer_than_those_of_fewer() -> None:
    padded = Padded(3, windows=2)
    rows = _rows(
        [1, 2, 3, NAN, NAN, NAN], [1, NAN, NAN, NAN, NAN, NAN], [1, 2, 3, 4, NAN, NAN], [NAN] * 6
    )
    assert padded.lengths(rows).tolist() == [3, 1, 6, 0]


def test_what_is_padding_in_all_rows_of_a_batch_is_cut() -> None:
    padded = Padded(6, windows=2, multiple=2)
    row = [1, 2, 3, *[NAN] * 9]
    assert padded.cut(_rows(row, row)).shape == (2, 1, 4)
    other = [1, *[NAN] * 5, 5, *[NAN] * 5]
    found = padded.cut(_rows(row, other))
    assert found.shape == (2, 2, 4)
    assert np.array_equal(found[1], _rows([1, NAN, NAN, NAN], [5, NAN, NAN, NAN]), equal_nan=True)
    assert padded.cut(_rows([NAN] * 12)).shape == (1, 1, 2)
    assert Padded(6, windows=2, multiple=4).cut(_rows([1] * 12)).shape == (1, 2, 6)


@pytest.mark.parametrize("windows", [1, 3])
def test_scored_together_are_rows_of_like_length_as_many_as_fit(windows: int) -> None:
    rng = np.random.default_rng(0)
    padded = Padded(16, windows, multiple=4, scored_numbers=64)
    rows = np.full((200, windows, 16), NAN, np.float32)
    for row in rows:
        used = rng.integers(1, windows + 1)
        row[: used - 1] = 1
        row[used - 1, : rng.integers(0, 17)] = 1
    numbers = rows.reshape(200, -1)
    batches = list(padded.batches(padded.lengths(numbers)))
    assert sorted(np.concatenate(batches)) == list(range(200))
    cuts = [padded.cut(numbers[own]) for own in batches]
    assert all(cut.size <= 64 or len(cut) == 1 for cut in cuts)
    assert sum(cut.size for cut in cuts) < 0.8 * numbers.size
    assert len({cut.shape[1:] for cut in cuts}) <= 4 * windows


def test_it_is_read_back_from_json() -> None:
    padded = Padded(128, 2, scored_numbers=4_096)
    assert Padded.from_json(padded.to_json()) == padded
    assert Padded.from_json(None) is None
    for damaged in ({"windows": 2}, {"steps": 0}, {"steps": 1, "more": 2}):
        with pytest.raises(ModelError, match="of padded rows is damaged"):
            Padded.from_json(damaged)


@pytest.mark.parametrize("given", [{"steps": 0}, {"steps": 4, "multiple": 1.5}])
def test_what_is_no_number_of_steps_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="must be a number from 1 on"):
        Padded(**given)
