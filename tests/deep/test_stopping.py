"""Which epoch was best, and when to give up."""

from __future__ import annotations

import math

import pytest

from pipeline.deep.stopping import BestEpoch


def _run(values: list[float], patience: int) -> tuple[list[bool], int, int]:
    """What improved, the best epoch, and how many epochs ran."""
    best = BestEpoch(patience)
    improved = []
    for epoch, value in enumerate(values):
        improved.append(best.improves(epoch, value))
        if best.is_exhausted(epoch):
            break
    return improved, best.epoch, len(improved)


def test_patience_ends_the_training() -> None:
    assert _run([3, 2, 2, 4, 1], patience=2) == ([True, True, False, False], 1, 4)
    assert _run([3, 2, 2, 1, 1], patience=2) == ([True, True, False, True, False], 3, 5)


def test_without_patience_training_goes_on() -> None:
    assert _run([1, 2, 3, 4, 0], patience=0)[1:] == (4, 5)


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([math.nan] * 3, 0),
        ([math.nan, math.inf, math.nan], 1),
        ([math.nan, 5.0, 4.0], 2),
        ([5.0, math.nan, 4.0], 2),
        ([5.0, math.nan, math.nan], 0),
    ],
)
def test_numbers_are_better_than_nan(values: list[float], best: int) -> None:
    assert _run(values, patience=0)[1] == best
