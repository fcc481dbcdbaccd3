"""Ending all that this process has started, also what lost its parent meanwhile."""

from __future__ import annotations

import psutil

_GRACE_S = 20.0


def stop_descendants() -> None:
    """End all descendants: by SIGTERM, and what is still there after a while by SIGKILL."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        found = psutil.Process().children(recursive=True)
        for process in found:
            try:
                end(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=_GRACE_S)
