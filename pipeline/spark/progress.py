"""Progress of a gang as log lines, at most one every few seconds."""

from __future__ import annotations

import logging
import time

from pipeline.spark.events import Event

logger = logging.getLogger(__name__)

_EVERY_S = 5.0


class LineProgress:
    """Logs a trainer's events.

    Parameters
    ----------
    name : str
        What is being trained.
    step : str
        The kind of event that counts: `round` or `epoch`.
    total : int
        Steps at most.
    """

    def __init__(self, name: str, step: str, total: int) -> None:
        self._name = name
        self._step = step
        self._total = total
        self._said = 0.0

    def __call__(self, event: Event) -> None:
        """Log the event if it is one of ours and the last line is old enough."""
        if event.kind != self._step:
            return
        number = int(event.data[self._step]) + 1
        if event.at - self._said < _EVERY_S and number != self._total:
            return
        self._said = time.monotonic()
        metrics = ", ".join(f"{name} {value:.4f}" for name, value in event.data["metrics"].items())
        logger.info(
            "%s: %s %d of at most %d: %s", self._name, self._step, number, self._total, metrics
        )
