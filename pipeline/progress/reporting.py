"""From those who do the work to those who show it: trackers on one side, sinks on the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from pipeline.progress.bars import Bars
from pipeline.progress.lines import Lines
from pipeline.progress.steps import Sink, Step
from pipeline.progress.terminal import shows_log_lines, terminal

logger = logging.getLogger(__name__)

Listener: TypeAlias = Sink | Callable[[Step], None]


class _Desk:
    """This process's sinks and open trackers; one call to a sink at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._fallback = Lines()
        self._sinks: list[Listener] = []
        self._warned: set[int] = set()
        self._tasks: set[str] = set()

    def install(self, sinks: tuple[Listener, ...]) -> None:
        with self._lock:
            self._sinks.extend(sinks)

    def remove(self, sinks: tuple[Listener, ...]) -> None:
        with self._lock:
            for sink in sinks:
                self._sinks.remove(sink)
        for sink in sinks:
            if isinstance(sink, Sink):
                self._guarded(sink, sink.close)
            self._warned.discard(id(sink))

    def enter(self, task: str) -> str:
        """A name for a task that no other open one has."""
        with self._lock:
            name, number = task, 1
            while name in self._tasks:
                number += 1
                name = f"{task} ({number})"
            self._tasks.add(name)
            return name

    def step(self, step: Step) -> None:
        with self._lock:
            for sink in self._heard:
                self._guarded(sink, partial(sink, step))

    def leave(self, task: str, last: Step | None) -> None:
        with self._lock:
            self._tasks.discard(task)
            if last is None:
                return  # no sink has heard of it
            for sink in self._heard:
                if isinstance(sink, Sink):
                    self._guarded(sink, partial(sink.end, last))

    @property
    def _heard(self) -> list[Listener]:
        return list(self._sinks) or [self._fallback]

    def _guarded(self, sink: Listener, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - showing progress must not end what progresses
            if id(sink) not in self._warned:
                self._warned.add(id(sink))
                name = getattr(sink, "__name__", type(sink).__name__)
                logger.warning("progress is not shown by %s: %s", name, error)


_desk = _Desk()


class Tracker:
    """Reports the steps of one task; made by `track`, a context manager, safe among threads.

    Attributes
    ----------
    total : int or None
        How many steps there are at most; may be set when it is found out.
    """

    def __init__(self, task: str, unit: str, total: int | None) -> None:
        self.total = total
        self._task = _desk.enter(task)
        self._unit = unit
        self._last: Step | None = None
        self._is_open = True

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def step(self, number: int, /, **metrics: float) -> None:
        """Tell the sinks how many steps are done, and the newest metrics; never raises."""
        if not self._is_open:
            return
        plain = {
            name: value if isinstance(value, int) else float(value)
            for name, value in metrics.items()
        }
        self._last = Step(self._task, self._unit, number, self.total, plain, time.time())
        _desk.step(self._last)

    def close(self) -> None:
        """Tell the sinks that the task ended; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            _desk.leave(self._task, self._last)


def track(task: str, unit: str, total: int | None = None) -> Tracker:
    """A tracker for a task.

    Parameters
    ----------
    task : str
        What is being done. A task of that name which is still open keeps it; this one gets a
        number behind its name.
    unit : str
        What is counted, in the singular: `round`.
    total : int, optional
        How many there are at most.
    """
    return Tracker(task, unit, total)


@contextmanager
def reporting(*sinks: Listener) -> Iterator[None]:
    """Install sinks for this process; inside another `reporting`, the outer sinks hear too.

    Without any installed sink steps are log lines. A sink that raises is warned of once, and
    called again with the next step.

    Parameters
    ----------
    *sinks : Sink or callable
        Called with every step. Those that are `Sink` also hear when a task ends, and are closed
        at the end.
    """
    _desk.install(sinks)
    try:
        yield
    finally:
        _desk.remove(sinks)


def default_sinks() -> list[Sink]:
    """What a job shows by default: bars where there is a terminal, log lines elsewhere."""
    stream = terminal()
    return [Lines()] if stream is None else [Bars(stream, takes_log_lines=shows_log_lines())]
