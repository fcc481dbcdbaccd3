"""The first real cause in what Spark throws: one paragraph instead of a wall of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from pipeline import errors
from pipeline.errors import EnsemblesError

_OURS = re.compile(r"(?:^|: |\] )pipeline\.errors\.(\w+): (.*(?:\n(?!\s*at |$).*)*)", re.MULTILINE)
_PYTHON_TAIL = re.compile(r"^(\w[\w.]*(?:Error|Exception|Interrupt)): ?(.*)$", re.MULTILINE)
_FRAME = re.compile(r"^\s+at |^Driver stacktrace|^Caused by: |^\s*\.\.\. \d+ more")


def first_cause(error: BaseException) -> str:
    """What went wrong, without Java frames, as one paragraph."""
    text = str(error)
    if isinstance(error, Py4JJavaError):
        text = str(error.java_exception.getMessage() or error.java_exception.toString())
    if own := _OURS.search(text):
        return own[2].strip()
    python = _PYTHON_TAIL.findall(text.partition("\tat ")[0])
    if "Traceback (most recent call last)" in text and python:
        return ": ".join(python[-1]).strip()
    kept = [line for line in text.splitlines() if line.strip() and not _FRAME.match(line)]
    return " ".join(line.strip() for line in kept)[:1500]


def ours(error: BaseException) -> EnsemblesError | None:
    """An error of ours that an executor raised, brought back with its class; None otherwise."""
    if isinstance(error, EnsemblesError):
        return error
    if not isinstance(error, Py4JJavaError | PySparkException):
        return None
    found = _OURS.search(str(error))
    kind = getattr(errors, found[1], None) if found else None
    if found is None or not isinstance(kind, type) or not issubclass(kind, EnsemblesError):
        return None
    if kind is errors.ConfigError:
        return errors.ConfigError([found[2].strip()])
    return kind(found[2].strip())


@contextmanager
def executors_speak() -> Iterator[None]:
    """Around a Spark action: an error of ours raised on an executor arrives as itself."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        own = ours(error)
        if own is None:
            raise
        raise own from error
