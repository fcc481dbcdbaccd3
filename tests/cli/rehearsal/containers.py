"""The processes of YARN's containers, to be killed by tests."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable

import psutil

_CONTAINER = re.compile(r"application_(\d+_\d+)/container_(?:e\d+_)?\d+_\d+_(\d+)_(\d+)")


def jvms(application: str) -> dict[tuple[int, int], psutil.Process]:
    """The JVMs of an application's containers, by attempt and number; number 1 is the driver's."""
    found = {}
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] != "java":
            continue
        match = _CONTAINER.search(" ".join(process.info["cmdline"] or []))
        if match and f"application_{match[1]}" == application:
            found[int(match[2]), int(match[3])] = process
    return found


def kill(process: psutil.Process) -> None:
    """SIGKILL, the Python processes below it as well: as when a node's power goes."""
    below = process.children(recursive=True)
    for each in [process, *below]:
        try:
            os.kill(each.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = 200.0) -> None:
    """Wait until something is so; an error names what it was."""
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, f"waited {limit_s:.0f} s until {what}"
        time.sleep(0.1)
