"""Memory of a worker process that the C library holds free, given back to the system."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3


def give_back() -> None:
    """Let the allocator return what it holds free; nothing happens where it cannot.

    Trees are made of many small pieces, and what is free between them would pile up over thousands
    of replicas. It takes some milliseconds.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # not glibc
        return


def give_back_at_once() -> None:
    """Let the C library return blocks of freed memory to the system, instead of keeping them.

    It raises the size from which it does so as a program goes on; setting it ends that.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # glibc's
        library.mallopt(_M_MMAP_THRESHOLD, 128 << 10)
