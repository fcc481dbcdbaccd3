"""Jobs and commands run in this process, whose own handling of signals must stay."""

from __future__ import annotations

import pytest

from pipeline.cli import entry, tool_jobs
from pipeline.cli.runs import run


@pytest.fixture(autouse=True)
def signals_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job takes SIGTERM for itself; in a test's process that would be pytest's."""
    monkeypatch.setattr(entry, "end_cleanly_when_told", lambda: None)
    monkeypatch.setattr(run, "end_cleanly_when_told", lambda: None)
    monkeypatch.setattr(tool_jobs, "end_cleanly_when_told", lambda: None)
