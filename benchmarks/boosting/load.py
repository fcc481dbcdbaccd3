"""CPU seconds of processes, and what the machine does for others meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psutil

QUIET = 0.2
"""Cores that others may use."""
_LOOK_S = 1.0
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Load:
    """What happened while something ran.

    Parameters
    ----------
    cpu_s : float
        CPU seconds of its processes.
    foreign : float
        Cores that processes outside of the benchmark used, on average.
    """

    cpu_s: float
    foreign: float

    @property
    def is_quiet(self) -> bool:
        """Whether the time counts."""
        return self.foreign <= QUIET


class Meter:
    """Watches the machine.

    Parameters
    ----------
    pids : iterable of int
        All processes that work for the benchmark, besides this one; descendants included.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self._everyone = [os.getpid(), *pids]

    def measure(self, pids: Iterable[int], run: Callable[[], Any]) -> tuple[Any, Load]:
        """Run something; its result, and the load, of which these processes are the cause."""
        mine = list(pids)
        began, cpu = time.monotonic(), cpu_seconds(mine)
        everyone, busy = cpu_seconds(self._everyone), busy_seconds()
        result = run()
        passed = busy_seconds() - busy - (cpu_seconds(self._everyone) - everyone)
        seconds = time.monotonic() - began
        return result, Load(cpu_seconds(mine) - cpu, max(passed, 0.0) / seconds)

    def wait_until_quiet(self) -> None:
        """Wait for others to end what they do, but not for ever."""
        limit = time.monotonic() + _PATIENCE_S
        while time.monotonic() < limit:
            _, load = self.measure((), lambda: time.sleep(_LOOK_S))
            if load.is_quiet:
                return


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU seconds of processes and their descendants, also of those that have ended."""
    family: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            family.update({each.pid: each for each in [process, *process.children(True)]})
        except psutil.NoSuchProcess:
            continue
    return sum(map(_seconds, family.values()))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def busy_seconds() -> float:
    """CPU seconds of the whole machine, those that a hypervisor took away included."""
    times = psutil.cpu_times()
    work = times.user + times.nice + times.system
    return float(work + times.irq + times.softirq + times.steal)
