"""All steps of a run as a file of JSON lines, for whoever reads the run afterwards."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from dataclasses import asdict

from pipeline import files
from pipeline.progress.steps import Sink, Step

logger = logging.getLogger(__name__)

_MOST_PER_S = 20
# A file that takes long to write is written less often.
_SHARE_OF_TIME = 0.1


class EventFile(Sink):
    """Keeps steps and writes them, one JSON object per line, every 30 s and at the end.

    Object stores cannot append, so the file is written whole each time, by a thread of its own.
    Of steps that come faster than 20 a second some are left out, never a task's last. Fields are
    those of `Step`; a metric that is not finite is null. A file that is there already is replaced.

    Parameters
    ----------
    uri : str
        Where to write: a path or a URI. A failure to write is a warning, once.
    every_s : float
        Seconds between two writes.
    """

    def __init__(self, uri: str, every_s: float = 30.0) -> None:
        self._uri = uri
        self._every_s = every_s
        self._lock = threading.Lock()
        self._lines = bytearray()
        self._written = 0
        self._kept: dict[str, Step] = {}
        self._is_failing = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write_now_and_then, daemon=True)
        self._thread.start()

    def __call__(self, step: Step) -> None:
        """Keep the step, unless the task's last one was a moment ago."""
        before = self._kept.get(step.task)
        if before is None or not 0 <= step.at - before.at < 1 / _MOST_PER_S:
            self._keep(step)

    def end(self, last: Step) -> None:
        """Keep the task's last step."""
        if self._kept.pop(last.task, None) != last:
            self._keep(last)
            del self._kept[last.task]

    def close(self) -> None:
        """Write what is left."""
        self._done.set()
        self._thread.join()
        self._write()

    def _keep(self, step: Step) -> None:
        self._kept[step.task] = step
        with self._lock:
            self._lines += _line(step)

    def _write_now_and_then(self) -> None:
        pause = self._every_s
        while not self._done.wait(pause):
            began = time.monotonic()
            self._write()
            pause = max(self._every_s, (time.monotonic() - began) / _SHARE_OF_TIME)

    def _write(self) -> None:
        with self._lock:
            data = bytes(self._lines)
        if len(data) == self._written:
            return
        try:
            files.write_bytes(self._uri, data)
            self._written = len(data)
        except Exception as error:  # noqa: BLE001 - the job's own outcome matters more
            if not self._is_failing:
                self._is_failing = True
                logger.warning("the progress of this run is not kept: %s", error)


def _line(step: Step) -> bytes:
    metrics = {
        name: value if math.isfinite(value) else None for name, value in step.metrics.items()
    }
    return json.dumps({**asdict(step), "metrics": metrics}).encode() + b"\n"
