"""Progress as bars on a terminal, one per task, that redraw in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, TextIO

from tqdm import tqdm

from pipeline.progress.log_above import LogAbove
from pipeline.progress.steps import Sink, Step, metrics_text

_EVERY_S = 0.1
_TICK_S = 1.0
_KNOWN = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} {unit} [{elapsed}, {remaining} left"
_UNKNOWN = "{desc}: {n_fmt} {unit} [{elapsed}"
_VALIDATION = "validation"


class Bars(Sink):
    """Draws a bar per open task: what is done, time passed, time left, the newest metrics.

    Of many metrics those of the validation rows are shown. While a bar is up, log lines that go
    to stderr or stdout are written above it.

    Parameters
    ----------
    stream : TextIO
        The terminal.
    takes_log_lines : bool
        Whether log lines appear on that terminal too; otherwise they are left where they go.
    """

    def __init__(self, stream: TextIO, *, takes_log_lines: bool = True) -> None:
        # tqdm's own lock is one between processes, and its monitor a thread that never ends.
        tqdm.set_lock(threading.RLock())
        tqdm.monitor_interval = 0
        self._stream = stream
        self._takes_log_lines = takes_log_lines
        self._bars: dict[str, _Bar] = {}
        self._up = ExitStack()

    def __call__(self, step: Step) -> None:
        """Draw the step, unless the bar was drawn a moment ago."""
        bar = self._bars.get(step.task)
        if bar is not None and bar.goes_back_to(step):
            bar.close()  # a lost attempt stays to be seen; its pace is not the next one's
            bar = None
        if bar is None:
            bar = self._open(step)
        bar.show(step)

    def end(self, last: Step) -> None:
        """Leave the bar as it is at the end, as a line."""
        bar = self._bars.pop(last.task, None)
        if bar is not None:
            bar.close()
        if not self._bars:
            self._up.close()

    def close(self) -> None:
        """Leave all bars as they are; log lines go again where they went."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
        self._up.close()

    def _open(self, step: Step) -> _Bar:
        if not self._bars:
            self._up = ExitStack()
            self._up.enter_context(_Clock(self._bars))
            if self._takes_log_lines:
                self._up.enter_context(LogAbove(self._stream))
        self._bars[step.task] = bar = _Bar(step, self._stream)
        return bar


class _Bar:
    """One bar of tqdm's.

    What tqdm draws by itself it draws under a lock that an exception (Ctrl-C, a terminal that is
    gone) leaves locked for ever; so it is only told to draw, with the lock held here.
    """

    def __init__(self, step: Step, stream: TextIO) -> None:
        self._drawn = 0.0
        self._bar: Any = tqdm(
            file=stream,
            desc=step.task,
            unit=f"{step.unit}s",
            total=step.total,
            initial=step.number,
            bar_format=_format(step),
            dynamic_ncols=True,
            delay=1.0,
        )
        self._bar.delay = 0  # it was for the constructor, which would draw

    def goes_back_to(self, step: Step) -> bool:
        """Whether the step lies before what is shown."""
        return bool(step.number < self._bar.n)

    def show(self, step: Step) -> None:
        """Take a step, and draw it if the last drawing is old enough."""
        self._bar.n = step.number
        self._bar.total = step.total
        self._bar.bar_format = _format(step)
        self._bar.set_postfix_str(metrics_text(_foremost(step.metrics)), refresh=False)
        now = time.monotonic()
        if now - self._drawn >= _EVERY_S:
            self._drawn = now
            self.draw()

    def draw(self) -> None:
        """Draw it in its place."""
        with tqdm.get_lock():
            self._bar.refresh(nolock=True)

    def close(self) -> None:
        """Draw it for the last time."""
        self._bar.close()


def _format(step: Step) -> str:
    return (_KNOWN if step.total else _UNKNOWN) + "{postfix}]"


def _foremost(metrics: Mapping[str, float]) -> Mapping[str, float]:
    """The metrics that a line has room for."""
    return {name: metrics[name] for name in metrics if name.startswith(_VALIDATION)} or metrics


class _Clock:
    """Redraws the bars every second: an epoch may take minutes, and time passes."""

    def __init__(self, bars: Mapping[str, _Bar]) -> None:
        self._bars = bars
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._done.set()
        self._thread.join(_TICK_S)  # not for ever: a terminal that is stopped does not write

    def _tick(self) -> None:
        while not self._done.wait(_TICK_S):
            try:
                for bar in list(self._bars.values()):
                    bar.draw()
            except (OSError, ValueError):
                return  # the terminal is gone
