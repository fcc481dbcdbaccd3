"""Where bars can be drawn: the terminal of this process, or that of spark-submit."""

from __future__ import annotations

import os
import stat
import sys
from typing import TextIO

# spark-submit tells a Python program so where its JVM is; its parent process is that JVM.
_SUBMITTED = "PYSPARK_GATEWAY_PORT"
_PREFERENCE = "EMR_ENSEMBLES_PROGRESS"


def terminal() -> TextIO | None:
    """The terminal to draw bars on, or None where there is none or none is wanted.

    spark-submit pipes its Python program's output through its JVM, so the program's own stderr
    is no terminal; then the JVM's is used. `EMR_ENSEMBLES_PROGRESS=plain`, `NO_BARS` (set to
    anything) or `TERM=dumb` switch bars off; `EMR_ENSEMBLES_PROGRESS=bars` forces them on stderr.
    """
    preference = os.environ.get(_PREFERENCE, "")
    if preference == "bars":
        return sys.stderr
    if preference == "plain" or os.environ.get("NO_BARS") or os.environ.get("TERM") == "dumb":
        return None
    if sys.stderr.isatty():
        return sys.stderr
    if _SUBMITTED not in os.environ:
        return None
    return _opened(os.getppid(), 2) or _opened(os.getppid(), 1)


def shows_log_lines() -> bool:
    """Whether log lines, which go to stderr, appear on the terminal that bars are drawn on.

    The JVM of spark-submit writes its Python program's stderr to its own stdout.
    """
    if os.environ.get(_PREFERENCE) == "bars" or sys.stderr.isatty():
        return True
    if _SUBMITTED not in os.environ:
        return False
    found = _opened(os.getppid(), 1)
    if found is None:
        return False
    found.close()
    return True


def _opened(process: int, descriptor: int) -> TextIO | None:
    """Another process's stream, if that is a terminal."""
    path = f"/proc/{process}/fd/{descriptor}"
    try:
        # A pipe must not even be opened: that can wait for ever.
        if not stat.S_ISCHR(os.stat(path).st_mode):
            return None
        handle = os.open(path, os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return None
    if not os.isatty(handle):
        os.close(handle)
        return None
    return os.fdopen(handle, "w", buffering=1, errors="replace")
