"""How a job ended: its exit code, and what the user is told, in one paragraph.

Exit codes: 0 success, 1 failure, 2 the user's error, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from pipeline.errors import EnsemblesError

INTERRUPTED = 130
TERMINATED = 143

_TRACEBACK = "\nTraceback (most recent call last)"


class Terminated(BaseException):
    """The process was told to end (SIGTERM); cleans up on its way, as Ctrl-C does."""


@dataclass(frozen=True)
class Outcome:
    """How something ended.

    Attributes
    ----------
    name : str
        `success`, `failed` or `interrupted`.
    exit_code : int
        What the process returns.
    message : str
        What went wrong; empty after success.
    """

    name: str
    exit_code: int
    message: str = ""


SUCCESS = Outcome("success", 0)


def explain(error: BaseException) -> Outcome:
    """What an exception means; its traceback is for the log, not for the message."""
    if isinstance(error, KeyboardInterrupt):
        return Outcome("interrupted", INTERRUPTED, "interrupted")
    if isinstance(error, Terminated):
        return Outcome("interrupted", TERMINATED, "terminated")
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return Outcome("failed" if code else "success", code, f"exit code {code}" if code else "")
    own = _ours(error)
    if own is not None:
        return Outcome("failed", own.exit_code, _without_traceback(str(own)))
    kind = type(error).__name__
    cause = _cause(error)
    known = cause.startswith(kind) or type(error).__module__.startswith(("py4j", "pyspark"))
    return Outcome("failed", 1, cause if known else f"{kind}: {cause}" if cause else kind)


def _cause(error: BaseException) -> str:
    if not _has_spark():
        return " ".join(str(error).split())
    from pipeline.spark.causes import first_cause

    return first_cause(error)


def _has_spark() -> bool:
    """Whether the error may be one of Spark's, which not every command imports or needs."""
    return sys.modules.get("pyspark") is not None


def _ours(error: BaseException) -> EnsemblesError | None:
    if isinstance(error, EnsemblesError):
        return error
    if not _has_spark():
        return None
    from pipeline.spark.causes import ours

    return ours(error)


def _without_traceback(message: str) -> str:
    return message.partition(_TRACEBACK)[0].rstrip()
