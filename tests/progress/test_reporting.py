"""Trackers and sinks: who hears what, and what a broken sink does to the work."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from pipeline.progress import Bars, Lines, Sink, Step, default_sinks, reporting, track


class Ear(Sink):
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def __call__(self, step: Step) -> None:
        self.heard.append(("step", step.number))

    def end(self, last: Step) -> None:
        self.heard.append(("end", last.number))

    def close(self) -> None:
        self.heard.append(("close", None))


def test_a_sink_hears_steps_the_end_of_a_task_and_the_end_of_all() -> None:
    ear = Ear()
    with reporting(ear):
        with track("bagging", "replica", 9) as tracker:
            tracker.step(4)
            tracker.step(9)
        tracker.close()
        tracker.step(10)
    with track("bagging", "replica", 9) as late:
        late.step(1)
    assert ear.heard == [("step", 4), ("step", 9), ("end", 9), ("close", None)]


def test_a_step_says_everything_about_it() -> None:
    steps: list[Step] = []
    with reporting(steps.append), track("boosting", "round") as tracker:
        tracker.total = 7
        tracker.step(3, **{"train.auc": 0.5, "rows": 4})
    (step,) = steps
    assert (step.task, step.unit, step.number, step.total) == ("boosting", "round", 3, 7)
    assert step.metrics == {"train.auc": 0.5, "rows": 4}
    assert isinstance(step.metrics["rows"], int)
    assert step.at > 1.6e9


def test_without_a_sink_steps_are_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with track("boosting", "round", 2) as tracker:
        tracker.step(1, auc=0.5)
    assert caplog.messages == ["boosting: 1 of 2 rounds: auc 0.5000"]


def test_the_sinks_outside_hear_too() -> None:
    outer, inner = Ear(), Ear()
    with reporting(outer):
        with reporting(inner), track("a", "b") as tracker:
            tracker.step(1)
        with track("a", "b") as tracker:
            tracker.step(2)
    assert inner.heard == [("step", 1), ("end", 1), ("close", None)]
    assert outer.heard == [("step", 1), ("end", 1), ("step", 2), ("end", 2), ("close", None)]


def test_a_sink_that_raises_is_warned_of_once_and_fails_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Sink):
        def __call__(self, step: Step) -> None:
            raise OSError("the terminal is gone")

        def end(self, last: Step) -> None:
            raise ValueError

        def close(self) -> None:
            raise RuntimeError

    ear = Ear()
    with reporting(Broken(), ear), track("a", "b") as tracker:
        tracker.step(1)
        tracker.step(2)
    assert caplog.messages == ["progress is not shown by Broken: the terminal is gone"]
    assert ear.heard == [("step", 1), ("step", 2), ("end", 2), ("close", None)]


def test_two_open_tasks_of_one_name_are_told_apart() -> None:
    names: list[str] = []
    with reporting(lambda step: names.append(step.task)):
        with track("bagging", "replica") as one, track("bagging", "replica") as two:
            one.step(1)
            two.step(1)
        with track("bagging", "replica") as again:
            again.step(1)
    assert names == ["bagging", "bagging (2)", "bagging"]


def test_threads_report_one_after_the_other() -> None:
    inside = 0
    most = 0
    count = 0

    def sink(_step: Step) -> None:
        nonlocal inside, most, count
        inside += 1
        most = max(most, inside)
        count += 1
        inside -= 1

    def work(name: str) -> None:
        with track(name, "step") as tracker:
            for number in range(200):
                tracker.step(number)

    with reporting(sink):
        threads = [threading.Thread(target=work, args=(str(place),)) for place in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (most, count) == (1, 1000)


def test_by_default_bars_are_for_terminals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMR_ENSEMBLES_PROGRESS", "plain")
    assert [type(sink) for sink in default_sinks()] == [Lines]
    monkeypatch.setenv("EMR_ENSEMBLES_PROGRESS", "bars")
    assert [type(sink) for sink in default_sinks()] == [Bars]
