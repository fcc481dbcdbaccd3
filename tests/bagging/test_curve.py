"""Where the out-of-bag error is measured, and when it is flat."""

from __future__ import annotations

import pytest

from pipeline.bagging.curve import is_flat, points_of, rows_of
from pipeline.bagging.votes import OutOfBag


def _curve(*errors: tuple[int, float | None]) -> list[tuple[int, OutOfBag]]:
    return [
        (point, OutOfBag(1, 0, 0.0 if error is None else error, 0.0 if error is None else 1.0))
        for point, error in errors
    ]


@pytest.mark.parametrize(
    ("replicas", "points"), [(1, (1,)), (2, (1, 2)), (10, (1, 2, 3, 4, 6, 8, 10))]
)
def test_points_are_dense_at_first_and_end_with_all(replicas: int, points: tuple[int, ...]) -> None:
    assert points_of(replicas) == points


def test_thousands_of_replicas_have_few_points() -> None:
    assert len(points_of(100_000)) < 40
    assert points_of(100_000)[-1] == 100_000


@pytest.mark.parametrize(("stopping", "points"), [(10, (5, 10, 15, 20, 22)), (1, (1, 2, 3))])
def test_early_stopping_looks_twice_in_its_window(stopping: int, points: tuple[int, ...]) -> None:
    assert points_of(points[-1], stopping) == points


def test_an_error_that_no_longer_falls_is_flat() -> None:
    falling = _curve((5, 0.3), (10, 0.2), (15, 0.15), (20, 0.12))
    assert not is_flat(falling, 10, 0.01)
    flat = _curve((5, 0.3), (10, 0.2), (15, 0.1995), (20, 0.1999))
    assert is_flat(flat, 10, 0.01)
    assert not is_flat(flat, 10, 0.001)
    assert not is_flat(flat, 0, 0.01)


def test_too_few_replicas_are_never_flat() -> None:
    assert not is_flat([], 10, 0.5)
    assert not is_flat(_curve((5, 0.2), (10, 0.2)), 10, 0.5)
    assert not is_flat(_curve((5, None), (10, None), (15, 0.2)), 10, 0.5)


def test_points_where_no_row_has_a_vote_are_left_out_of_the_history() -> None:
    assert rows_of(_curve((1, None), (2, 0.5))) == [{"replicas": 2, "out_of_bag.error": 0.5}]
