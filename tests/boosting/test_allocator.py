"""Memory that is free goes back to the system."""

from __future__ import annotations

import subprocess
import sys

_GROWS = """
import psutil
from pipeline.boosting.allocator import give_back
before = psutil.Process().memory_info().rss
pieces = [bytes(1000) for _ in range(100_000)]
kept = pieces[::1000]
held = psutil.Process().memory_info().rss - before
del pieces
give_back()
print(held, psutil.Process().memory_info().rss - before)
"""


def test_free_memory_between_pieces_that_are_kept_goes_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _GROWS], capture_output=True, text=True, check=True
    )
    held, left = map(int, done.stdout.split())
    assert held > 90_000_000
    assert left < held / 4
