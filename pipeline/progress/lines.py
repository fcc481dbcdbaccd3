"""Progress as log lines, few enough to be read afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pipeline.progress.steps import Sink, Step, amount, metrics_text

logger = logging.getLogger(__name__)


class Lines(Sink):
    """Logs steps: the first of a task, the last, and between them one every few seconds.

    Parameters
    ----------
    every_s : float
        Seconds between two lines of one task, at least.
    clock : callable
        The seconds that pass.
    """

    def __init__(self, every_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._said: dict[str, tuple[float, Step]] = {}

    def __call__(self, step: Step) -> None:
        """Log the step if the task's last line is old enough, or the task is done."""
        if self._is_due(step):
            self._say(step)

    def end(self, last: Step) -> None:
        """Log the task's last step if that has not been done."""
        said = self._said.get(last.task)
        if said is None or not _is_same(last, said[1]):
            self._say(last)
        self._said.pop(last.task, None)

    def _is_due(self, step: Step) -> bool:
        said = self._said.get(step.task)
        if said is None or self._clock() - said[0] >= self._every_s:
            return True
        return step.number == step.total and not _is_same(step, said[1])

    def _say(self, step: Step) -> None:
        self._said[step.task] = (self._clock(), step)
        done = amount(step.number, step.total, step.unit)
        metrics = f": {metrics_text(step.metrics)}" if step.metrics else ""
        logger.info("%s: %s%s", step.task, done, metrics)


def _is_same(one: Step, other: Step) -> bool:
    return (one.number, one.metrics) == (other.number, other.metrics)
