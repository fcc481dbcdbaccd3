"""Workers that stay on their cores, with all that they start."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

import psutil


def pin(pids: Sequence[int], cores: Sequence[Sequence[int]]) -> None:
    """Every thread of each Worker: those that are started later inherit from what starts them."""
    for pid, own in zip(pids, cores, strict=True):
        worker = psutil.Process(pid)
        for process in [worker, *worker.children(recursive=True)]:
            for thread in process.threads():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(thread.id, own)
