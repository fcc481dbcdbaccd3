"""The first real cause in what Spark throws: one paragraph instead of a wall of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from pipeline import errors
from pipeline.errors import EnsemblesError
from pipeline.spark.java_text import paragraph
from pipeline.spark.memory_kills import killed_for_memory

GONE = "Spark's driver ended beneath this job"
"""Begins what is said when all that Python sees is that its JVM no longer answers."""

_NO_ANSWER = re.compile(r"An error occurred while calling \S+")
_OURS = re.compile(r"(?:^|: |\] )pipeline\.errors\.(\w+): (.*(?:\n(?!\s*at |$).*)*)", re.MULTILINE)


def first_cause(error: BaseException) -> str:
    """What went wrong, without Java frames or query plans, as one paragraph.

    Of a chain of causes the first and the last are told: what was being done, and why it failed.
    """
    text = str(error)
    if isinstance(error, EnsemblesError):
        return text.strip()
    if own := _OURS.search(text):
        return own[2].strip()
    if killed := killed_for_memory(text):
        return killed
    said = paragraph(text)
    if _NO_ANSWER.fullmatch(said):
        return (
            f"{GONE}: the application was ended, or its executors died again and again; their own "
            "logs say why"
        )
    if not isinstance(error, Py4JJavaError | PySparkException) and len(said.split()) < 3:
        return f"{type(error).__name__}: {said}".removesuffix(": ")  # as with KeyError('x')
    return said


def ours(error: BaseException) -> EnsemblesError | None:
    """An error of ours that an executor raised, brought back with its class; None otherwise."""
    if isinstance(error, EnsemblesError):
        return error
    if not isinstance(error, Py4JJavaError | PySparkException):
        return None
    found = _OURS.search(str(error))
    return rebuilt(found[1], found[2].strip()) if found else None


def rebuilt(kind: str, message: str) -> EnsemblesError | None:
    """An error of ours from the name of its class and its message; None for other classes."""
    named = getattr(errors, kind, None)
    if not isinstance(named, type) or not issubclass(named, EnsemblesError):
        return None
    if issubclass(named, errors.ConfigError):
        return named(message.split("\n"))
    return named(message)


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
