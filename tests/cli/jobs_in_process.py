"""The jobs as functions of this process, on the tests' session: what they say and leave behind."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from pipeline.cli import entry, jobs
from pipeline.spark import session

# What no message may hold: it is for developers, and belongs into the log.
_WALL = ("Traceback", "Py4J", "py4j", "\tat ", " at org.apache", "Exception:", "o.a.s.")


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Parameters
    ----------
    code : int
        Its exit code.
    said : str
        What it wrote to stderr.
    warnings : list of str
        Warnings in its log.
    """

    code: int
    said: str
    warnings: list[str]

    @property
    def error(self) -> str:
        """The error message, which must be there, once, and fit for a user to read."""
        assert self.said.count("error: ") == 1, self.said
        message = self.said.partition("error: ")[2].partition("\nfull log: ")[0].strip()
        assert message
        for mark in _WALL:
            assert mark not in self.said, self.said
        assert "\n\n" not in message
        assert all(len(line) < 700 for line in message.splitlines()), message
        return message


class Workshop:
    """A directory with a config, in which jobs are run.

    Parameters
    ----------
    place : Path
        The directory; `out` and `scratch` in it are the jobs'.
    config : mapping
        The config without `name`, `output` and `scratch`.
    """

    def __init__(self, place: Path, config: Mapping[str, Any]) -> None:
        self.place = place
        whole = {
            "name": "small",
            "output": str(place / "out"),
            "scratch": str(place / "scratch"),
            **config,
        }
        self.file = place / "job.yaml"
        self.file.write_text(yaml.safe_dump(whole, allow_unicode=True))

    def run(self, job: str, *arguments: str) -> Ended:
        """Run a job; Spark's session is that of the tests, and stays."""
        capture, seen = _Stderr(), _Seen()
        with pytest.MonkeyPatch.context() as patch:
            running = SparkSession.getActiveSession()
            patch.setattr(session, "make_session", lambda *_, **__: running)
            patch.setattr(SparkSession, "stop", lambda _: None)
            patch.setattr(entry, "end_cleanly_when_told", lambda: None)
            patch.setattr("sys.stderr", capture)
            logging.getLogger("pipeline").addHandler(seen)
            try:
                code = getattr(jobs, job)(["--config", str(self.file), *arguments])
            finally:
                logging.getLogger("pipeline").removeHandler(seen)
        return Ended(code, "".join(capture.parts), seen.messages)

    def files(self) -> dict[str, int]:
        """Size of each file that jobs have left, without the records of runs."""
        return {
            str(path.relative_to(self.place)): path.stat().st_size
            for path in sorted(self.place.rglob("*"))
            if path.is_file() and "runs" not in path.relative_to(self.place).parts
        }


class _Stderr:
    """In the place of stderr: log lines go there too, so only whole errors are looked at."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return False


class _Seen(logging.Handler):
    """Keeps warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
