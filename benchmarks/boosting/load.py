"""CPU seconds of processes, and what the machine does for others meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import psutil

QUIET = 0.2
"""Cores that others may use."""
_LOOK_S = 1.0
_PATIENCE_S = 60.0
_SAMPLE_S = 1.0

_Process: TypeAlias = tuple[int, float]
"""A process: its number, which may be given again, and when it began."""
_Seconds: TypeAlias = dict[_Process, float]


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
        began, busy = time.monotonic(), busy_seconds()
        with Families({"mine": list(pids), "everyone": self._everyone}) as families:
            result = run()
        passed = busy_seconds() - busy - families.seconds("everyone")
        seconds = time.monotonic() - began
        return result, Load(families.seconds("mine"), max(passed, 0.0) / seconds)

    def wait_until_quiet(self) -> None:
        """Wait for others to end what they do, but not for ever."""
        limit = time.monotonic() + _PATIENCE_S
        while time.monotonic() < limit:
            _, load = self.measure((), lambda: time.sleep(_LOOK_S))
            if load.is_quiet:
                return


class Families:
    """CPU seconds of processes and their descendants, while the context lasts.

    The processes are looked at again and again: what one has used that has ended meanwhile is
    known to its parent only when that has waited for it, which Spark's Python daemon has not. What
    a process did since it was last looked at is not counted when it ends.

    Parameters
    ----------
    pids : mapping of str to list of int
        Heads of families, by the family's name.
    """

    def __init__(self, pids: Mapping[str, list[int]]) -> None:
        self._pids = pids
        self._before = _used(pids)
        self._used: dict[str, _Seconds] = {name: {} for name in pids}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Families:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    def seconds(self, name: str) -> float:
        """What a family has used since the context began."""
        before = self._before[name]
        used = self._used[name].items()
        return sum(seconds - before.get(process, 0.0) for process, seconds in used)

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_S):
            self._look()

    def _look(self) -> None:
        for name, used in _used(self._pids).items():
            self._used[name].update(used)


def _used(families: Mapping[str, list[int]]) -> dict[str, _Seconds]:
    """CPU seconds of every living process of each family."""
    seconds: _Seconds = {}
    children: dict[int, list[_Process]] = {}
    known: dict[int, _Process] = {}
    for process in psutil.process_iter(["pid", "ppid", "create_time", "cpu_times"]):
        found = process.info
        if found["cpu_times"] is None:
            continue
        name = known[found["pid"]] = (found["pid"], found["create_time"])
        seconds[name] = float(found["cpu_times"].user + found["cpu_times"].system)
        children.setdefault(found["ppid"], []).append(name)

    def family(heads: list[int]) -> _Seconds:
        waiting = [known[pid] for pid in heads if pid in known]
        members: _Seconds = {}
        while waiting:
            one = waiting.pop()
            members[one] = seconds[one]
            waiting += children.get(one[0], [])
        return members

    return {name: family(heads) for name, heads in families.items()}


def busy_seconds() -> float:
    """CPU seconds of the whole machine, those that a hypervisor took away included."""
    times = psutil.cpu_times()
    work = times.user + times.nice + times.system
    return float(work + times.irq + times.softirq + times.steal)
