"""One process of this host at a time: a lock that ends with who holds it."""

from __future__ import annotations

import fcntl
from pathlib import Path


class OnlyOne:
    """Hold a file lock; a context manager, in which no other process or thread is.

    Parameters
    ----------
    path : Path
        The lock's file, in a directory that is there; it stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *raised: object) -> None:
        self._file.close()
