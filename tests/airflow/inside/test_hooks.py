"""Notifications and deadlines."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

TOLD: list[tuple[str, Any]] = []


def _tell(event: str, context: Any) -> None:
    TOLD.append((event, context))


def test_events_reach_the_function_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from emr_ensembles import hooks

    monkeypatch.setenv(hooks.NOTIFY_VARIABLE, f"{__name__}:_tell")
    TOLD.clear()
    hooks.task_failed({"run_id": "a"})
    hooks.run_failed({"run_id": "b"})
    hooks.run_succeeded({"run_id": "c"})
    assert TOLD == [
        ("task_failed", {"run_id": "a"}),
        ("run_failed", {"run_id": "b"}),
        ("run_succeeded", {"run_id": "c"}),
    ]


def test_without_one_an_event_is_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emr_ensembles import hooks

    monkeypatch.delenv(hooks.NOTIFY_VARIABLE, raising=False)
    with caplog.at_level(logging.INFO, hooks.__name__):
        hooks.run_failed({"run_id": "scheduled__2026-11-21", "reason": "task_failure"})
    assert caplog.messages == ["run_failed: scheduled__2026-11-21, task_failure"]


def test_a_run_has_a_deadline_when_the_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from emr_ensembles import hooks

    assert hooks.deadline() is None
    monkeypatch.setenv(hooks.DEADLINE_VARIABLE, "90")
    alert = hooks.deadline()
    assert alert is not None
    assert alert.interval == timedelta(minutes=90)
    assert alert.callback.path == "emr_ensembles.hooks.deadline_missed"
