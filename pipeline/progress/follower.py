"""Progress of work that does not report itself: asked for now and then while it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pipeline.progress.reporting import Tracker

logger = logging.getLogger(__name__)

# Asking must cost little beside the work itself.
_SHARE_OF_TIME = 0.05


class Follower:
    """Calls a function in a thread, every second or so, as long as it is entered.

    Closes the tracker at the end, after a last look when the work succeeded.

    Parameters
    ----------
    tracker : Tracker
        The task's tracker.
    look : callable
        Finds out how far the work is and tells the tracker, which it is called with. When it
        raises, that is a warning, and it is not called again.
    every_s : float
        Seconds between two calls; more where a call takes long.
    """

    def __init__(
        self, tracker: Tracker, look: Callable[[Tracker], None], every_s: float = 1.0
    ) -> None:
        self._tracker = tracker
        self._look = look
        self._every_s = every_s
        self._is_lost = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        self._done.set()
        self._thread.join()
        if kind is None:
            self._look_once()
        self._tracker.close()

    def _watch(self) -> None:
        pause = 0.0
        while not self._is_lost and not self._done.wait(pause):
            began = time.monotonic()
            self._look_once()
            pause = max(self._every_s, (time.monotonic() - began) / _SHARE_OF_TIME)

    def _look_once(self) -> None:
        if self._is_lost:
            return
        try:
            self._look(self._tracker)
        except Exception as error:  # noqa: BLE001 - losing sight of work must not end it
            self._is_lost = True
            logger.warning("progress cannot be followed any more: %s", error)
