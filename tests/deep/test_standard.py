"""What numbers look like, over chunks and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pipeline.deep import standard as module
from pipeline.deep.communication import Alone, OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.standard import far_columns, standard, weighted_moments

LAYOUT = InputLayout(numeric=(0, 1, 2), categorical=(), sizes=())
NAMES = ("age", "income", "constant")


@dataclass
class Chunks:
    """Rows in two chunks."""

    matrix: np.ndarray

    @property
    def width(self) -> int:
        return int(self.matrix.shape[1])

    def matrices(self) -> Iterator[np.ndarray]:
        middle = len(self.matrix) // 3
        yield self.matrix[:middle]
        yield self.matrix[middle:]


def _matrix(rows: int = 300) -> np.ndarray:
    rng = np.random.default_rng(4)
    columns = [rng.normal(40, 10, rows), rng.normal(1e5, 3e4, rows), np.full(rows, 5.0)]
    return np.column_stack(columns).astype(np.float32)


def _far(matrix: np.ndarray) -> str:
    rows: Any = Chunks(matrix)
    return far_columns(rows, LAYOUT, NAMES, Alone())


@pytest.mark.parametrize("at_once", [30, 4_000_000])
def test_mean_and_deviation_leave_out_what_is_missing(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    matrix = _matrix()
    matrix[::4, 0] = np.nan
    moves: list[int] = []
    rows: Any = Chunks(matrix)
    found = standard(rows, LAYOUT, Alone(), OnlyRank(1, on_advance=lambda: moves.append(1)))
    mean, scale = found.mean, found.scale
    assert found.is_whole.tolist() == [False, True, True]
    assert mean == pytest.approx(np.nanmean(matrix, axis=0), rel=1e-5)
    assert scale[:2] == pytest.approx(1 / np.nanstd(matrix, axis=0)[:2], rel=1e-4)
    assert scale[2] == 0
    assert moves


def test_no_column_is_far_off_where_all_are_alike() -> None:
    assert _far(_matrix()) == ""
    assert _far(np.full((4, 3), np.nan, np.float32)) == ""


@pytest.mark.parametrize("value", [1e30, -1e30, np.inf])
def test_a_column_with_numbers_far_from_all_others_is_named(value: float) -> None:
    matrix = _matrix()
    matrix[[3, 250], 1] = value
    infinite = ", 2 infinite" if np.isinf(value) else ""
    assert _far(matrix) == f"income (2 rows far from all others{infinite})"


def test_the_column_with_most_of_them_comes_first() -> None:
    matrix = _matrix()
    matrix[0, 1] = matrix[:2, 2] = 1e20
    assert _far(matrix).startswith("constant (2 rows far from all others); income (1 rows")


def test_numbers_that_are_mostly_one_are_ordinary() -> None:
    matrix = _matrix(1_000)
    matrix[:, 0] = np.arange(1_000) % 50 == 0  # a flag of few rows
    matrix[:, 2] = np.where(np.arange(1_000) % 10 == 0, 7_000.0, 0.0)
    assert _far(matrix) == ""
    matrix[5, 1] = np.inf
    matrix[:9, 2] = 1e20
    assert _far(matrix) == (
        "income (1 rows far from all others, 1 infinite); constant (9 rows far from all others)"
    )


def test_a_column_far_from_0_keeps_its_small_deviation() -> None:
    rng = np.random.default_rng(1)
    matrix = _matrix()
    matrix[:, 0] = 1_000_000 + rng.integers(-8, 9, 300) / 16  # what float32 can tell apart
    rows: Any = Chunks(matrix)
    found = standard(rows, LAYOUT, Alone(), OnlyRank(1))
    mean, scale = found.mean, found.scale
    assert mean[0] == pytest.approx(matrix[:, 0].mean(dtype=np.float64), abs=0.1)
    assert 1 / scale[0] == pytest.approx(matrix[:, 0].std(dtype=np.float64), rel=1e-3)


def test_weighted_moments_of_labels() -> None:
    values = np.array([1e6 - 0.5, 1e6 + 0.5, 5.0], np.float32)
    weights = np.array([1, 3, 0], np.float32)
    mean, deviation = weighted_moments(values, weights, Alone())
    assert mean == pytest.approx(1e6 + 0.25)
    assert deviation == pytest.approx(np.sqrt(3) / 4, rel=1e-6)
    assert weighted_moments(np.full(3, 0.1, np.float32), None, Alone())[1] == 0
