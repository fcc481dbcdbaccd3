"""Work that does not report itself."""

from __future__ import annotations

import logging
import time

import pytest

from pipeline.progress import Follower, Step, Tracker, reporting, track


def test_work_is_looked_at_while_it_runs_and_when_it_is_done() -> None:
    steps: list[Step] = []
    done = 0

    def look(tracker: Tracker) -> None:
        tracker.step(done)

    with reporting(steps.append), Follower(track("bagging", "replica", 3), look, every_s=0.01):
        patience = time.monotonic() + 10
        while not steps and time.monotonic() < patience:
            time.sleep(0.005)
        done = 3
    assert steps[0].number == 0
    assert steps[-1].number == 3


def test_work_that_failed_is_not_looked_at_any_more() -> None:
    looks: list[float] = []

    def fails() -> None:
        with Follower(track("a", "b"), lambda _tracker: looks.append(0), every_s=60):
            time.sleep(0.1)
            raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        fails()
    assert len(looks) == 1


def test_a_look_that_fails_is_a_warning_and_the_last_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def look(_tracker: Tracker) -> None:
        raise OSError("the bucket is gone")

    with Follower(track("a", "b"), look, every_s=0.01):
        time.sleep(0.1)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages == ["progress cannot be followed any more: the bucket is gone"]
