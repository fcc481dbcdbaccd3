"""Spark jobs from a few threads of the driver."""

from __future__ import annotations

import threading

import pytest

from pipeline.bagging.spark_learners.pool import in_threads


def test_as_many_run_at_once_as_are_wanted() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(number: int) -> int:
        both.wait()
        return number

    assert sorted(in_threads(work, range(4), 2)) == [0, 1, 2, 3]


def test_the_first_error_is_raised_and_the_rest_is_not_started() -> None:
    started: list[int] = []

    def work(number: int) -> int:
        started.append(number)
        if number == 1:
            raise ValueError("replica 1")
        return number

    with pytest.raises(ValueError, match="replica 1"):
        list(in_threads(work, range(100), 1))
    assert len(started) < 100
