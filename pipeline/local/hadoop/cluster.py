"""Up, down, status of HDFS and YARN: real daemons on loopback."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

import psutil

from pipeline.errors import UserError
from pipeline.local import daemons, readiness
from pipeline.local.claim import LOCK, alone, claim
from pipeline.local.hadoop import launch
from pipeline.local.hadoop import state as states
from pipeline.local.hadoop.jars import hadoop_jars
from pipeline.local.hadoop.shape import HadoopShape
from pipeline.local.hadoop.state import HadoopState
from pipeline.local.java import find_java
from pipeline.local.state import Daemon, require_at_least

_PATIENCE_S = 120.0
# Of the machine's memory, for all nodes together: the daemons take 1.3 GB besides.
_SHARE_OF_RAM = 0.5
_LEAST_MEMORY_MB, _MOST_MEMORY_MB = 2_048, 6_144


def up(
    directory: Path,
    nodes: int = 2,
    gpus_per_node: int = 0,
    cores_per_node: int | None = None,
    memory_per_node_mb: int | None = None,
    patience_s: float = _PATIENCE_S,
) -> HadoopState:
    """Start HDFS and YARN, or find those of the same shape that already run in the directory.

    Parameters
    ----------
    directory : Path
        A new or empty directory, or one of an earlier cluster, whose files in HDFS are lost.
    nodes : int
        How many NodeManagers.
    gpus_per_node : int
        GPUs (`yarn.io/gpu`) that each node pretends to have.
    cores_per_node : int, optional
        Cores that YARN may give away on each; the default divides this machine's, and gives
        each two at least, for a driver and an executor.
    memory_per_node_mb : int, optional
        In MiB. The default divides half of the RAM, between 2 and 6 GiB each.
    patience_s : float
        How long the daemons may take.

    Raises
    ------
    UserError
        When a number makes no sense, the directory is somebody else's, there is no Java 17, the
        jars cannot be resolved, or a cluster of another shape runs there.
    DaemonError
        When a process does not start in time; everything started until then is stopped.
    """
    shape = _shape(nodes, gpus_per_node, cores_per_node, memory_per_node_mb)
    directory = directory.absolute()
    claim(directory)
    with alone(directory):
        found = status(directory)
        if found is not None and found.ready and not dead_daemons(found):
            if found.shape != shape:
                raise UserError(
                    f"{directory}: a cluster runs there already, of {found.shape}; asked for was "
                    f"one of {shape}. Stop it first: emr-ensembles local down --dir {directory}"
                )
            return found
        return _start(directory, shape, patience_s)


def down(directory: Path) -> bool:
    """Stop all daemons, with the containers that they started; whether there were any."""
    directory = directory.absolute()
    if not (directory / LOCK).exists():
        return False
    with alone(directory):
        return _stop(directory)


def status(directory: Path) -> HadoopState | None:
    """The cluster of a directory; None when none runs there, not even a part of one."""
    state = states.load(directory.absolute())
    if state is None or not any(map(daemons.is_alive, state.daemons)):
        return None
    return state


def running(directory: Path) -> HadoopState:
    """The cluster that runs in a directory.

    Raises
    ------
    UserError
        When there is none, or a part of it is gone.
    """
    state = status(directory)
    if state is None or not state.ready:
        raise UserError(
            f"{directory}: no Hadoop runs there; start one: emr-ensembles local up --yarn --dir "
            f"{directory}"
        )
    dead = dead_daemons(state)
    if dead:
        names = ", ".join(daemon.name for daemon in dead)
        raise UserError(
            f"{directory}: {names} of its Hadoop is gone; start it again: emr-ensembles local up "
            f"--yarn --dir {directory}"
        )
    return state


def dead_daemons(state: HadoopState) -> list[Daemon]:
    """Those processes of a cluster that no longer run."""
    return daemons.dead(state.daemons)


def environment(state: HadoopState) -> dict[str, str]:
    """The variables to add to a process that submits to the cluster."""
    return {
        "JAVA_HOME": state.java_home,
        "SPARK_HOME": state.spark_home,
        "HADOOP_CONF_DIR": state.configuration,
        "YARN_CONF_DIR": state.configuration,
        "SPARK_CONF_DIR": state.spark_configuration,
        "PYSPARK_PYTHON": state.python,
        "PYSPARK_DRIVER_PYTHON": state.python,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PATH": f"{Path(state.python).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _shape(nodes: int, gpus: int, cores: int | None, memory_mb: int | None) -> HadoopShape:
    require_at_least("--nodes", nodes, 1)
    if cores is None:
        cores = max(2, len(os.sched_getaffinity(0)) // nodes)
    if memory_mb is None:
        share = int(psutil.virtual_memory().total / 2**20 * _SHARE_OF_RAM) // nodes
        memory_mb = min(max(share, _LEAST_MEMORY_MB), _MOST_MEMORY_MB)
    require_at_least("--cores-per-node", cores, 1)
    require_at_least("--memory-per-node", memory_mb, 1)
    require_at_least("--gpus-per-node", gpus, 0)
    return HadoopShape(nodes, cores, memory_mb, gpus)


def _start(directory: Path, shape: HadoopShape, patience_s: float) -> HadoopState:
    java_home = str(find_java())
    jars = hadoop_jars(java_home)
    _stop(directory)  # what an `up` that was killed, or a crash, may have left
    limit = time.monotonic() + patience_s
    try:
        state = launch.start(launch.prepare(directory, shape, java_home), jars)
        readiness.wait(
            lambda: True if _is_whole(state) else None,
            list(state.daemons),
            lambda: state.daemons[-1] if _has_hdfs(state) else state.daemons[0],
            limit,
        )
        state = dataclasses.replace(state, ready=True)
        states.save(state)
    except BaseException:  # a Ctrl-C as well
        _stop(directory)
        raise
    return state


def _stop(directory: Path) -> bool:
    state = states.load(directory)
    if state is None:
        return False
    stopped = daemons.stop(state.daemons)
    states.forget(directory)
    shutil.rmtree(directory / "tmp", ignore_errors=True)
    return stopped


def _is_whole(state: HadoopState) -> bool:
    """Whether HDFS takes files, and YARN knows all nodes."""
    metrics = readiness.told(f"{state.webapp}/ws/v1/cluster/metrics")["clusterMetrics"]
    return _has_hdfs(state) and int(metrics["activeNodes"]) == state.shape.nodes


def _has_hdfs(state: HadoopState) -> bool:
    try:
        beans = readiness.told(
            f"{state.webhdfs}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
        )
    except (OSError, ValueError):
        return False
    (bean,) = beans["beans"] or [{}]
    return (bean.get("FSState"), bean.get("NumLiveDataNodes")) == ("Operational", 1)
