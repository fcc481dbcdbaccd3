import logging

import pytest

from pipeline.spark.events import Event
from pipeline.spark.progress import LineProgress


@pytest.fixture(autouse=True)
def _said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def events(kind: str, times: list[float]) -> list[Event]:
    return [
        Event(0, kind, {kind: number, "metrics": {"auc": 0.5, "loss": 1 / 3}}, at=at)
        for number, at in enumerate(times)
    ]


def test_a_step_is_a_line_with_its_metrics(caplog: pytest.LogCaptureFixture) -> None:
    progress = LineProgress("boosting", "round", 100)
    (event,) = events("round", [1e9])
    progress(event)
    assert caplog.messages == ["boosting: round 1 of at most 100: auc 0.5000, loss 0.3333"]


def test_fast_steps_share_a_line_and_the_last_one_has_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress = LineProgress("boosting", "round", 3)
    first, *others = events("round", [0.0, 0.0, 0.0])
    progress(Event(0, "round", first.data))
    for event in others:
        progress(Event(0, "round", event.data))
    assert [line.split(":")[1] for line in caplog.messages] == [
        " round 1 of at most 3",
        " round 3 of at most 3",
    ]


def test_other_events_are_not_its_business(caplog: pytest.LogCaptureFixture) -> None:
    progress = LineProgress("boosting", "round", 3)
    progress(Event(0, "started", {}))
    progress(*events("epoch", [1e9]))
    assert caplog.messages == []
