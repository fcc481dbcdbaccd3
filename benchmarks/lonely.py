"""A worker without gang and driver: what a rank does, in this process."""

from __future__ import annotations

from typing import Any

from pipeline.spark.collectives import Seat
from pipeline.spark.worker import Worker


class _Silent:
    """The channel of a worker that has no driver."""

    def advance(self) -> None:
        return None

    def send(self, kind: str, **data: Any) -> None:
        return None


def lonely_worker(threads: int = 2) -> Worker:
    """The only rank."""
    sender: Any = _Silent()
    return Worker(Seat(0, 1, ("127.0.0.1",)), threads, (), sender)
