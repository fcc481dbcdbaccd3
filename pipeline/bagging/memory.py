"""Memory of a worker process, given back to the system between replicas."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Let the allocator return what it holds free; nothing happens where it cannot.

    Trees are made of many small pieces, and what is free between them would pile up over thousands
    of replicas. It takes some milliseconds.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # not glibc
        return
