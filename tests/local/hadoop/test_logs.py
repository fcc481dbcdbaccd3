"""The gathered logs as YARN's own program prints them; a real one is asked by rehearsals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.local.hadoop import logs
from pipeline.local.hadoop.logs import fetch_logs
from pipeline.spark.causes import GONE

USER_ERROR = """Container: container_1 on localhost
12:00:00 reading
error: column y is not there
full log: x
ERROR ApplicationMaster: User class threw exception: org.apache.spark.SparkUserAppException: User
"""
NO_PYTHON = """Container: container_1 on localhost
ERROR ApplicationMaster: User class threw exception:{space}
java.io.IOException: Cannot run program "/no/python": error=2
\tat java.base
"""
DEAD_EXECUTORS = f"""Container: container_1 on localhost
error: {GONE}: the application was ended
Container: container_2 on localhost
Exception in thread "main" org.apache.spark.SparkException: no memory
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(logs, "_PAUSE_S", 0.01)
    monkeypatch.setattr(logs, "hadoop_jars", lambda _: tmp_path)


def hadoop(place: Path, text: str, code: int = 0) -> Any:
    """A `java` that prints a text."""
    (place / "bin").mkdir()
    (place / "text").write_text(text)
    java = place / "bin" / "java"
    java.write_text(f"#!/bin/sh\ncat {place}/text\nexit {code}\n")
    java.chmod(0o755)
    return type("State", (), {"java_home": str(place), "configuration": str(place)})()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (USER_ERROR, "column y is not there"),
        (
            NO_PYTHON.format(space=" "),
            'java.io.IOException: Cannot run program "/no/python": error=2',
        ),
        (DEAD_EXECUTORS, "org.apache.spark.SparkException: no memory"),
        ("Container: container_1\nall is well\n", ""),
    ],
)
def test_the_drivers_own_error_is_found(text: str, expected: str, tmp_path: Path) -> None:
    target = tmp_path / "logs" / "prepare.log"
    assert fetch_logs(hadoop(tmp_path, text), "application_1_1", target) == expected
    assert target.read_text() == text


@pytest.mark.parametrize(("text", "code"), [("", 0), (USER_ERROR, 1)])
def test_logs_that_cannot_be_had_leave_no_file(text: str, code: int, tmp_path: Path) -> None:
    target = tmp_path / "prepare.log"
    assert fetch_logs(hadoop(tmp_path, text, code), "application_1_1", target) == ""
    assert not target.exists()
