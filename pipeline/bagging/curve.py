"""The out-of-bag error as a function of the number of replicas, and when it is flat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.bagging.votes import OutOfBag

_PER_DOUBLING = 2


def points_of(replicas: int, early_stopping: int = 0) -> tuple[int, ...]:
    """Numbers of replicas at which the error is measured, ascending; the last is `replicas`.

    Parameters
    ----------
    replicas : int
        Replicas in all, at most.
    early_stopping : int
        Replicas over which the error must be flat for training to stop, 0 without early stopping:
        points are then twice as dense, otherwise two to each doubling.
    """
    if early_stopping:
        step = max(early_stopping // 2, 1)
        return (*range(step, replicas, step), replicas)
    points = {replicas}
    place, point = 0, 1
    while point < replicas:
        points.add(point)
        place += 1
        point = round(2 ** (place / _PER_DOUBLING))
    return tuple(sorted(points))


def is_flat(curve: Sequence[tuple[int, OutOfBag]], early_stopping: int, tolerance: float) -> bool:
    """Whether the last replicas have hardly improved the error.

    Parameters
    ----------
    curve : sequence of (int, OutOfBag)
        Numbers of replicas and the estimates there, ascending.
    early_stopping : int
        How many replicas are "the last"; 0: never flat.
    tolerance : float
        The least improvement that counts, as a share of the error.
    """
    if not early_stopping or not curve:
        return False
    last = curve[-1][0]
    errors = {point: found.error for point, found in curve if found.error is not None}
    earlier = [error for point, error in errors.items() if point <= last - early_stopping]
    recent = [error for point, error in errors.items() if point > last - early_stopping]
    if not earlier or not recent:
        return False
    best = min(earlier)
    return min(recent) > best - tolerance * best


def rows_of(curve: Sequence[tuple[int, OutOfBag]]) -> list[dict[str, Any]]:
    """The curve as a model's history, a row for each point where some row has a vote."""
    return [
        {"replicas": point, "out_of_bag.error": found.error}
        for point, found in curve
        if found.error is not None
    ]
