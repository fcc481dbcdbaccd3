"""A step of some work, and what listens to steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """How far a task is.

    Parameters
    ----------
    task : str
        What is being done: `boosting`, `scoring bagging`.
    unit : str
        What is counted, in the singular: `round`, `epoch`, `replica`, `task`.
    number : int
        How many of them are done. It may fall: a gang that lost a worker starts again.
    total : int or None
        How many there are at most, where that is known.
    metrics : mapping of str to float
        The newest values, by name; counts are ints.
    at : float
        When, in seconds since the epoch.
    """

    task: str
    unit: str
    number: int
    total: int | None
    metrics: Mapping[str, float]
    at: float


class Sink(ABC):
    """Shows or keeps steps; called with one at a time, from whichever thread reports it."""

    @abstractmethod
    def __call__(self, step: Step) -> None:
        """Take a step."""

    def end(self, last: Step) -> None:  # noqa: B027 - most sinks have nothing to do here
        """Hear that a task ended, with its last step; earlier than its total, perhaps."""

    def close(self) -> None:  # noqa: B027
        """Hear that no more steps come."""


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Metrics in one line: counts whole, the others with four decimals."""
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )


def amount(number: int, total: int | None, unit: str) -> str:
    """How much is done in words: `3 of 10 rounds`."""
    of = "" if total is None else f" of {total:,}"
    counted = number if total is None else total
    return f"{number:,}{of} {unit}" + ("" if counted == 1 else "s")
