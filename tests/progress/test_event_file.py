"""Steps of a run, kept as a file."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.progress import EventFile, Step, event_file, reporting, track


def step(number: int, at: float, task: str = "deep", **metrics: float) -> Step:
    return Step(task, "epoch", number, 10, metrics, at)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_steps_are_kept_with_all_that_they_say(tmp_path: Path) -> None:
    target = tmp_path / "run" / "events.jsonl"
    kept = EventFile(target.as_uri())
    kept(step(1, 1000.0, auc=0.5, rows=3))
    kept(step(2, 1001.0, auc=math.nan))
    kept.close()
    assert read(target) == [
        {
            "task": "deep",
            "unit": "epoch",
            "number": 1,
            "total": 10,
            "metrics": {"auc": 0.5, "rows": 3},
            "at": 1000.0,
        },
        {
            "task": "deep",
            "unit": "epoch",
            "number": 2,
            "total": 10,
            "metrics": {"auc": None},
            "at": 1001.0,
        },
    ]


def test_steps_of_more_than_20_a_second_are_thinned_and_a_tasks_last_is_kept(
    tmp_path: Path,
) -> None:
    target = tmp_path / "events.jsonl"
    kept = EventFile(str(target))
    last = None
    for number in range(200):
        last = step(number, 1000.0 + number / 100)
        kept(last)
        kept(step(number, 1000.0 + number, task="slow"))
    assert last is not None
    kept.end(last)
    kept.close()
    slow = [row["number"] for row in read(target) if row["task"] == "slow"]
    fast = [row["number"] for row in read(target) if row["task"] == "deep"]
    assert slow == list(range(200))
    assert fast[-1] == 199
    assert 30 <= len(fast) <= 41


def test_the_file_is_there_before_the_run_ends(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    kept = EventFile(str(target), every_s=0.02)
    kept(step(1, 1000.0))
    patience = time.monotonic() + 10
    while not target.exists() and time.monotonic() < patience:
        time.sleep(0.01)
    assert [row["number"] for row in read(target)] == [1]
    kept.close()


def test_the_file_is_whole_after_a_run_that_failed(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"

    def run() -> None:
        with reporting(EventFile(str(target))), track("deep", "epoch", 10) as tracker:
            tracker.step(1, auc=0.5)
            tracker.step(2, auc=0.6)
            raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        run()
    assert [row["number"] for row in read(target)] == [1, 2]


def test_a_file_that_cannot_be_written_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = EventFile(str(tmp_path / "file" / "events.jsonl"), every_s=0.01)
    for number in range(5):
        kept(step(number, 1000.0 + number))
        time.sleep(0.03)
    kept.close()
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].name == event_file.__name__
    assert "the progress of this run is not kept: " in warnings[0].getMessage()
