"""MXNet in a worker process: its threads and its device."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from typing import Any

from pipeline.errors import UserError

# MXNet's binaries hold code for 5.0 to 8.6 and none that a driver could translate; a GPU runs
# what was made for an older one of its own major version.
_NEWEST_MAJOR = 8
_PATIENCE_S = 20.0
_REMEDY = (
    "set gang.device=cpu (device='cpu'), or take instances with T4, A10G, A100 or L4 GPUs (g4dn, "
    "g5, p4d, g6)"
)


def set_threads(count: int) -> None:
    """Let MXNet compute with that many threads, also when it has been loaded before."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    import mxnet as mx

    mx.base.check_call(mx.base._LIB.MXSetNumOMPThreads(ctypes.c_int(count)))


def context_of(gpus: tuple[str, ...]) -> Any:
    """The device of a worker that Spark gave these GPU addresses."""
    import mxnet as mx

    return mx.gpu(int(gpus[0])) if gpus else mx.cpu()


def require_usable(gpus: tuple[str, ...]) -> None:
    """Refuse GPUs that MXNet cannot compute on.

    Raises
    ------
    UserError
        When MXNet was built without CUDA, or holds no code for the GPU.
    """
    if not gpus:
        return
    import mxnet as mx

    major = _major_of(gpus[0])
    if major is not None and major > _NEWEST_MAJOR:
        raise UserError(
            f"GPU {gpus[0]} has compute capability {major}.x, as H100, H200 and later ones, for "
            f"which MXNet's binaries hold no code; {_REMEDY}"
        )
    if not mx.runtime.Features().is_enabled("CUDA"):
        raise UserError(
            "the environment on this node has an MXNet without CUDA; install what "
            "requirements/gpu.lock names, or set gang.device=cpu (device='cpu')"
        )


def _major_of(address: str) -> int | None:
    """First number of a GPU's compute capability; None where its driver does not tell."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=compute_cap", "--format=csv,noheader", "-i", address]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
        return int(found.stdout.strip().partition(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
