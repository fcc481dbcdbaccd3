"""MXNet in a worker process: its threads and its device."""

from __future__ import annotations

import ctypes
import os
from typing import Any


def set_threads(count: int) -> None:
    """Let MXNet compute with that many threads, also when it has been loaded before."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    import mxnet as mx

    mx.base.check_call(mx.base._LIB.MXSetNumOMPThreads(ctypes.c_int(count)))


def context_of(gpus: tuple[str, ...]) -> Any:
    """The device of a worker that Spark gave these GPU addresses."""
    import mxnet as mx

    return mx.gpu(int(gpus[0])) if gpus else mx.cpu()
