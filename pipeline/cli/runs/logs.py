"""Where log lines go: the project's own to the terminal, all of them to a job's log file."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import files
from pipeline.files.local_directory import local_directory
from pipeline.store.runs import RunPlace

_OWN, _BRIDGE = "pipeline", "py4j"
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_logging() -> None:
    """Log lines of this project on stderr; those of libraries only when they are warnings."""
    root = logging.getLogger()
    if not any(getattr(handler, "_is_ours", False) for handler in root.handlers):
        console = logging.StreamHandler()
        console.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        console.addFilter(_is_for_people)
        console._is_ours = True  # type: ignore[attr-defined]
        root.addHandler(console)
    _let_pass()


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write every log line to a file too, with the tracebacks that the terminal is spared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    _let_pass()
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def log_path(place: RunPlace, job: str) -> Path:
    """A job's log file: with the run's record where that is on a disk, else in a temporary place.

    A log grows line by line, which an object store cannot take.
    """
    if files.is_local(place.output):
        return files.local_path(place.uri) / "logs" / f"{job}.log"
    directory = local_directory() / "logs"
    return directory / place.run_id / f"{job}.log"


def _let_pass() -> None:
    """Have loggers pass on what a file wants; the terminal's handler has a filter."""
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger(_OWN).setLevel(logging.DEBUG)
    logging.getLogger(_BRIDGE).setLevel(logging.ERROR)


def _is_for_people(record: logging.LogRecord) -> bool:
    if f"{os.sep}{_BRIDGE}{os.sep}" in record.pathname:
        return False  # after Ctrl-C it laments at length, by the root logger, that the JVM is gone
    own = record.name.partition(".")[0] == _OWN
    return record.levelno >= (logging.INFO if own else logging.WARNING)
