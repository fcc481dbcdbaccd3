"""Whose something is: the process that made it, so that others can see that it is gone."""

from __future__ import annotations

import socket
import time
from typing import Any

import psutil

_KEYS = {"host", "pid", "started", "written"}


def owner() -> dict[str, Any]:
    """This process: host, pid, when it started and the time now, in seconds since 1970."""
    process = psutil.Process()
    return {
        "host": socket.gethostname(),
        "pid": process.pid,
        "started": process.create_time(),
        "written": time.time(),
    }


def is_owner(found: object) -> bool:
    """Whether a record has the form that `owner` gives it."""
    return isinstance(found, dict) and found.keys() >= _KEYS


def is_gone(found: dict[str, Any], foreign_lifetime_s: float = float("inf")) -> bool:
    """Whether a process has ended.

    Parameters
    ----------
    found : dict
        As `owner` made it.
    foreign_lifetime_s : float
        Of other hosts' processes nothing is known; they count as gone after this time.
    """
    if found["host"] != socket.gethostname():
        return time.time() - float(found["written"]) > foreign_lifetime_s
    try:
        process = psutil.Process(int(found["pid"]))
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(process.create_time() - float(found["started"])) > 1.0
    except (psutil.NoSuchProcess, ValueError):
        return True
