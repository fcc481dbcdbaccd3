"""Progress as log lines."""

from __future__ import annotations

import logging

import pytest

from pipeline.progress import Lines, Step


@pytest.fixture(autouse=True)
def _said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def step(number: int, total: int | None = 100, task: str = "boosting", **metrics: float) -> Step:
    return Step(task, "round", number, total, metrics, at=0.0)


def test_a_line_says_how_much_is_done_and_the_newest_metrics(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = Lines()
    lines(step(3, auc=0.5, rows=12_000))
    lines(Step("scoring", "task", 1, None, {}, at=0.0))
    assert caplog.messages == [
        "boosting: 3 of 100 rounds: auc 0.5000, rows 12,000",
        "scoring: 1 task",
    ]


def test_fast_steps_share_a_line(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    lines = Lines(every_s=5.0, clock=clock)
    for number in range(1, 13):
        lines(step(number))
        clock.now += 1
    assert [line.split()[1] for line in caplog.messages] == ["1", "6", "11"]


def test_each_task_has_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines(clock=Clock())
    lines(step(1))
    lines(step(2))
    lines(step(1, task="deep"))
    assert [line.partition(":")[0] for line in caplog.messages] == ["boosting", "deep"]


def test_the_last_step_is_said_once_also_when_it_comes_early(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = Lines(clock=Clock())
    for number in (1, 2, 3):
        lines(step(number, total=3))
    lines.end(step(3, total=3))
    assert [line.split()[1] for line in caplog.messages] == ["1", "3"]
    caplog.clear()
    lines(step(1))
    lines(step(2))
    lines.end(step(2))  # stopped early
    assert [line.split()[1] for line in caplog.messages] == ["1", "2"]
