"""Anonymous memory of a cluster's Python workers, while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import psutil

_PERIOD_S = 0.2
_DAEMON = "pyspark.daemon"


class PeakMemory(threading.Thread):
    """The largest anonymous memory that any Python worker had within the `with` block.

    Parameters
    ----------
    pids : iterable of int
        The cluster's Workers, from which executors and their Python workers descend.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        super().__init__(daemon=True, name="peak-memory")
        self._pids = list(pids)
        self._ended = threading.Event()
        self.kib = 0

    @property
    def mib(self) -> float:
        """The peak so far."""
        return self.kib / 1024

    def __enter__(self) -> PeakMemory:
        self.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(_PERIOD_S):
            found = (anonymous_kib(pid) for pid in python_workers(self._pids))
            self.kib = max(self.kib, *found, 0)


def python_workers(pids: Iterable[int]) -> list[int]:
    """Processes that a pyspark daemon below these has forked, not the daemon itself."""
    daemons: set[int] = set()
    family: list[psutil.Process] = []
    for pid in pids:
        try:
            family += psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    parents = {}
    for process in family:
        try:
            if _DAEMON in process.cmdline():
                daemons.add(process.pid)
                parents[process.pid] = process.ppid()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return [pid for pid, parent in parents.items() if parent in daemons]


def anonymous_kib(pid: int) -> int:
    """`RssAnon`: what the process has for itself; mapped files, which are shared, do not count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = (line.split()[1] for line in lines if line.startswith("RssAnon:"))
    return int(next(found, "0"))
