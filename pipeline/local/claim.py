"""A directory that is ours, and one command at a time in it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import UserError

LOCK = "cluster.lock"


def claim(directory: Path) -> None:
    """Make the directory ours; one with other files in it stays untouched.

    Raises
    ------
    UserError
        When it holds other files, or cannot be made.
    """
    lock = directory / LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not lock.exists() and any(directory.iterdir()):
            raise UserError(f"{directory}: holds other files; name a new or empty directory")
        lock.touch(mode=0o600)
    except OSError as error:
        raise UserError(
            f"{directory}: cannot be used for a cluster: {error.strerror}; name another directory"
        ) from None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One `up` or `down` at a time in a directory."""
    with locked(directory / LOCK):
        yield


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock, a file that stays; others wait."""
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
