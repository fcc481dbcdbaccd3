"""Up, down, status of a standalone cluster: real Master and Worker processes on loopback."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psutil

from pipeline.errors import UserError
from pipeline.local import daemons, launch, readiness
from pipeline.local import state as states
from pipeline.local.claim import LOCK, alone, claim
from pipeline.local.java import find_java
from pipeline.local.readiness import master_json
from pipeline.local.shell import environment, shell_lines
from pipeline.local.state import ClusterState, Daemon, Shape, require_at_least

__all__ = [
    "ClusterState",
    "dead_daemons",
    "down",
    "environment",
    "master_json",
    "running",
    "shell_lines",
    "status",
    "up",
]

_PATIENCE_S = 120.0
# More than this, all Workers together, would leave too little for the driver and the rest.
_SHARE_OF_RAM = 0.6
_MOST_MEMORY_MB = 4096
# An executor of Spark's default size (1 GiB) must fit.
_LEAST_MEMORY_MB = 1024


def up(
    directory: Path,
    workers: int = 2,
    cores_per_worker: int | None = None,
    memory_per_worker_mb: int | None = None,
    gpus_per_worker: int = 0,
    patience_s: float = _PATIENCE_S,
) -> ClusterState:
    """Start a cluster, or find the one of the same shape that already runs in the directory.

    Parameters
    ----------
    directory : Path
        A new or empty directory, or one of an earlier cluster; gets the logs and work directories.
    workers : int
        How many Workers.
    cores_per_worker : int, optional
        The default divides this machine's cores over the Workers, at least 1 each.
    memory_per_worker_mb : int, optional
        In MiB. The default divides 60 % of the RAM over the Workers, between 1 and 4 GiB each.
    gpus_per_worker : int
        GPUs that each Worker pretends to have.
    patience_s : float
        How long the Master and the Workers may take.

    Returns
    -------
    ClusterState
        When all Workers have registered with the Master, not earlier.

    Raises
    ------
    UserError
        When a number makes no sense, the directory is somebody else's, there is no Java 17, or a
        cluster of another shape runs there.
    DaemonError
        When a process does not start in time; everything started until then is stopped.
    """
    shape = _shape(workers, cores_per_worker, memory_per_worker_mb, gpus_per_worker)
    directory = directory.absolute()
    claim(directory)
    with alone(directory):
        running_already = _reusable(directory, shape)
        return running_already or _start(directory, shape, patience_s)


def down(directory: Path) -> bool:
    """Stop a cluster with its executors, also a half-started or half-dead one.

    Returns
    -------
    bool
        Whether there was anything to stop.
    """
    directory = directory.absolute()
    if not (directory / LOCK).exists():
        return False
    with alone(directory):
        return _stop(directory)


def status(directory: Path) -> ClusterState | None:
    """The cluster of a directory; None when none runs there, not even a part of one.

    `dead_daemons` tells whether the whole of it runs, `ClusterState.ready` whether it ever did.
    """
    state = states.load(directory.absolute())
    if state is None or not any(map(daemons.is_alive, state.daemons)):
        return None
    return state


def dead_daemons(state: ClusterState) -> list[Daemon]:
    """Those processes of a cluster that no longer run."""
    return daemons.dead(state.daemons)


def running(directory: Path) -> ClusterState:
    """The cluster of a directory, for a job to run on.

    Raises
    ------
    UserError
        When none runs there, or only a part of one.
    """
    state = status(directory)
    if state is None:
        raise UserError(
            f"{directory}: no cluster runs there; start one: "
            f"emr-ensembles local up --dir {directory}"
        )
    dead = dead_daemons(state)
    if dead or not state.ready:
        names = ", ".join(daemon.name for daemon in dead)
        reason = f"these are gone: {names}" if dead else "it never became ready"
        raise UserError(
            f"{directory}: the cluster is not whole ({reason}); start it again: "
            f"emr-ensembles local down --dir {directory}, then local up"
        )
    return state


# --- what is asked for ----------------------------------------------------------------------------


def _shape(workers: int, cores: int | None, memory_mb: int | None, gpu_count: int) -> Shape:
    require_at_least("--workers", workers, 1)
    if cores is None:
        cores = max(1, len(os.sched_getaffinity(0)) // workers)
    if memory_mb is None:
        share = int(psutil.virtual_memory().total / 2**20 * _SHARE_OF_RAM) // workers
        memory_mb = min(max(share, _LEAST_MEMORY_MB), _MOST_MEMORY_MB)
    require_at_least("--cores-per-worker", cores, 1)
    require_at_least("--memory-per-worker", memory_mb, 1)
    require_at_least("--gpus-per-worker", gpu_count, 0)
    return Shape(workers, cores, memory_mb, gpu_count)


def _reusable(directory: Path, shape: Shape) -> ClusterState | None:
    state = status(directory)
    if state is None or dead_daemons(state) or not state.ready:
        return None
    if state.shape != shape:
        raise UserError(
            f"{directory}: a cluster runs there already, of {state.shape}; asked for was one of "
            f"{shape}. Stop it first: emr-ensembles local down --dir {directory}"
        )
    return state


# --- starting -------------------------------------------------------------------------------------


def _start(directory: Path, shape: Shape, patience_s: float) -> ClusterState:
    java_home = str(find_java())
    _stop(directory)  # what an `up` that was killed, or a crash, may have left
    launch.clean(directory)
    launch.write_properties(directory, shape)
    limit = time.monotonic() + patience_s
    try:
        state = launch.start_workers(launch.start_master(directory, shape, java_home, limit))
        state = readiness.wait_for_workers(state, limit)
        states.save(state)
    except BaseException:  # a Ctrl-C as well
        _stop(directory)
        raise
    return state


# --- stopping -------------------------------------------------------------------------------------


def _stop(directory: Path) -> bool:
    state = states.load(directory)
    if state is None:
        return False
    stopped = daemons.stop(state.daemons)
    states.forget(directory)
    shutil.rmtree(directory / "tmp", ignore_errors=True)
    return stopped
