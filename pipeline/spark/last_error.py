"""The last error in what an application's containers wrote."""

from __future__ import annotations

import re

from pipeline.spark.causes import GONE

_ERROR = re.compile(r"^error: (.+)", re.MULTILINE)
# A program that exited says by itself why; otherwise it could not be started.
_THROWN = re.compile(r"User class threw exception:\s+(?!org\.apache\.spark\.SparkUserApp)(.+)")
_OF_EXECUTOR = re.compile(r'Exception in thread "main" (.+)')


def last_error(text: str) -> str:
    """What the driver wrote last, or else Spark of it, or an executor at its end; empty for none.

    Parameters
    ----------
    text : str
        The containers' logs.
    """
    said = [error for error in _ERROR.findall(text) if not error.startswith(GONE)]
    said = said or _THROWN.findall(text) or _OF_EXECUTOR.findall(text)
    return str(said[-1]).strip() if said else ""
