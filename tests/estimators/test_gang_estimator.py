"""What estimators that train with a gang share."""

from __future__ import annotations

from pipeline.estimators import gang_estimator
from pipeline.progress import Step, reporting, track
from pipeline.spark.events import Event


def test_rounds_that_workers_report_are_steps_counted_from_one() -> None:
    steps: list[Step] = []
    with reporting(steps.append), track("boosting", "round", 3) as tracker:
        for event in (
            Event(0, "started", {"host": "a"}),
            Event(0, "round", {"round": 0, "metrics": {"train.auc": 0.75}, "step": 1}),
            Event(0, "round", {"round": 2, "metrics": {"train.auc": 0.875}, "step": 2}),
            Event(0, "finished", {"step": 2}),
        ):
            gang_estimator._follow(tracker, "round", event)
    assert [(step.task, step.unit, step.number, step.total) for step in steps] == [
        ("boosting", "round", 1, 3),
        ("boosting", "round", 3, 3),
    ]
    assert [step.metrics for step in steps] == [{"train.auc": 0.75}, {"train.auc": 0.875}]
