"""Up, down, status of a standalone cluster: real Master and Worker processes on loopback."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pyspark

from pipeline.errors import UserError
from pipeline.local import daemons, gpus
from pipeline.local import state as states
from pipeline.local.java import find_java
from pipeline.local.shell import environment, shell_lines
from pipeline.local.state import ClusterState, Daemon, Shape, WorkerState

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

_LOOPBACK = "127.0.0.1"
_LOCK = "cluster.lock"
_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"
_LOOK_EVERY_S = 0.2
_PATIENCE_S = 120.0
# More than this, all Workers together, would leave too little for the driver and the rest.
_SHARE_OF_RAM = 0.6
_MOST_MEMORY_MB = 4096
# An executor of Spark's default size (1 GiB) must fit.
_LEAST_MEMORY_MB = 1024

T = TypeVar("T")


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
    _claim(directory)
    with _alone(directory):
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
    if not (directory / _LOCK).exists():
        return False
    with _alone(directory):
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
    return [daemon for daemon in state.daemons if not daemons.is_alive(daemon)]


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
    _at_least("--workers", workers, 1)
    if cores is None:
        cores = max(1, len(os.sched_getaffinity(0)) // workers)
    if memory_mb is None:
        share = int(psutil.virtual_memory().total / 2**20 * _SHARE_OF_RAM) // workers
        memory_mb = min(max(share, _LEAST_MEMORY_MB), _MOST_MEMORY_MB)
    _at_least("--cores-per-worker", cores, 1)
    _at_least("--memory-per-worker", memory_mb, 1)
    _at_least("--gpus-per-worker", gpu_count, 0)
    return Shape(workers, cores, memory_mb, gpu_count)


def _at_least(option: str, value: int, least: int) -> None:
    if value < least:
        raise UserError(f"{option} {value}: must be at least {least}")


def _claim(directory: Path) -> None:
    """Make the directory ours; one with other files in it stays untouched."""
    lock = directory / _LOCK
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
def _alone(directory: Path) -> Iterator[None]:
    """One `up` or `down` at a time in a directory."""
    with (directory / _LOCK).open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    _clean(directory)
    _write_properties(directory, shape)
    limit = time.monotonic() + patience_s
    try:
        state = _start_workers(_start_master(directory, shape, java_home, limit))
        state = _wait_for_workers(state, limit)
        states.save(state)
    except BaseException:  # a Ctrl-C as well
        _stop(directory)
        raise
    return state


def _clean(directory: Path) -> None:
    for name in ("conf", "logs", "tmp", "work"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir()


def _write_properties(directory: Path, shape: Shape) -> None:
    properties = {
        # Only directories of applications that have ended, a day after.
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.interval": "1800",
        "spark.worker.cleanup.appDataTtl": "86400",
    }
    if shape.gpus_per_worker:
        script = directory / "conf" / "discover-gpus.sh"
        gpus.write_discovery_script(script, shape.gpus_per_worker)
        properties |= gpus.worker_properties(script, shape.gpus_per_worker)
    text = "".join(f"{name}={value}\n" for name, value in properties.items())
    _properties(directory).write_text(text, encoding="utf-8")


def _properties(directory: Path) -> Path:
    return directory / "conf" / "worker.properties"


def _start_master(directory: Path, shape: Shape, java_home: str, limit: float) -> ClusterState:
    spark_home = str(Path(pyspark.__file__).parent)
    command = [
        *(f"{spark_home}/bin/spark-class", _MASTER),
        *("--host", _LOOPBACK, "--port", "0", "--webui-port", "0"),
    ]
    state = ClusterState(
        directory=str(directory),
        ready=False,
        master_url="",
        web_url="",
        master=daemons.start(
            "Master",
            command,
            _daemon_environment(directory, spark_home, java_home),
            directory / "logs" / "master.log",
        ),
        workers=(),
        shape=shape,
        java_home=java_home,
        python=sys.executable,
        spark_home=spark_home,
    )
    states.save(state)

    def told() -> tuple[str, str] | None:
        log = Path(state.master.log).read_text(encoding="utf-8", errors="replace")
        port = re.search(r"Starting Spark master at (spark://\S+:\d+)", log)
        web = re.search(r"'MasterUI' on port (\d+)", log)
        return (port[1], f"http://{_LOOPBACK}:{web[1]}") if port and web else None

    master_url, web_url = _wait(told, [state.master], lambda: state.master, limit)
    state = dataclasses.replace(state, master_url=master_url, web_url=web_url)
    states.save(state)
    return state


def _start_workers(state: ClusterState) -> ClusterState:
    for number in range(state.shape.workers):
        worker = WorkerState(
            daemon=_start_worker(state, number),
            web_url="",
            cores=state.shape.cores_per_worker,
            memory_mb=state.shape.memory_per_worker_mb,
            gpus=state.shape.gpus_per_worker,
        )
        state = dataclasses.replace(state, workers=(*state.workers, worker))
        states.save(state)
    return state


def _start_worker(state: ClusterState, number: int) -> Daemon:
    directory = Path(state.directory)
    command = [
        *(f"{state.spark_home}/bin/spark-class", _WORKER),
        *("--host", _LOOPBACK, "--port", "0", "--webui-port", "0"),
        *("--cores", str(state.shape.cores_per_worker)),
        *("--memory", f"{state.shape.memory_per_worker_mb}M"),
        *("--work-dir", str(directory / "work" / f"worker-{number}")),
        *("--properties-file", str(_properties(directory))),
        state.master_url,
    ]
    return daemons.start(
        f"Worker {number}",
        command,
        _daemon_environment(directory, state.spark_home, state.java_home),
        directory / "logs" / f"worker-{number}.log",
    )


def _daemon_environment(directory: Path, spark_home: str, java_home: str) -> dict[str, str]:
    """The caller's variables, less any other Spark's, plus ours; executors inherit them."""
    # Also no PYTHONPATH: a wheel of the caller's must not stand before the job's own.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_")) and name not in ("PYTHONPATH", "PYTHONHOME")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **kept,
        "PATH": path,
        "JAVA_HOME": java_home,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_HOME": spark_home,
        "SPARK_CONF_DIR": str(directory / "conf"),
        # Small processes that soon are up, not ones that are fast after an hour.
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "SPARK_LOCAL_DIRS": str(directory / "tmp"),
        "SPARK_LOCAL_IP": _LOOPBACK,
    }


# --- waiting --------------------------------------------------------------------------------------


def _wait_for_workers(state: ClusterState, limit: float) -> ClusterState:
    """Wait until the Master knows all Workers; the state with their web pages."""

    def web_url(worker: WorkerState, registered: dict[int, str]) -> str:
        log = Path(worker.daemon.log).read_text(encoding="utf-8", errors="replace")
        port = re.search(r"'sparkWorker' on port (\d+)", log)
        return registered.get(int(port[1]), "") if port else ""

    def looked() -> ClusterState:
        registered = _registered(state)
        workers = tuple(
            dataclasses.replace(worker, web_url=web_url(worker, registered))
            for worker in state.workers
        )
        return dataclasses.replace(state, ready=True, workers=workers)

    def whole() -> ClusterState | None:
        seen = looked()
        return seen if all(worker.web_url for worker in seen.workers) else None

    def late() -> Daemon:
        missing = [worker.daemon for worker in looked().workers if not worker.web_url]
        return missing[0] if missing else state.master

    return _wait(whole, state.daemons, late, limit)


def _registered(state: ClusterState) -> dict[int, str]:
    """Port and web page of each Worker that the Master holds to be alive."""
    return {
        int(worker["port"]): str(worker["webuiaddress"])
        for worker in master_json(state)["workers"]
        if worker["state"] == "ALIVE"
    }


def master_json(state: ClusterState) -> dict[str, Any]:
    """What the Master tells of its Workers and applications."""
    # Not through a proxy that the environment may name: this is loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{state.web_url}/json/", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def _wait(
    ask: Callable[[], T | None],
    needed: list[Daemon],
    late: Callable[[], Daemon],
    limit: float,
) -> T:
    """Ask until there is an answer, all needed daemons living meanwhile."""
    while True:
        for daemon in needed:
            if not daemons.is_alive(daemon):
                raise daemons.failure(daemon, "ended while the cluster was starting")
        try:
            answer = ask()
        except (OSError, ValueError):
            answer = None  # the Master's web page may lag behind its log
        if answer is not None:
            return answer
        if time.monotonic() > limit:
            raise daemons.failure(late(), "was not ready in time")
        time.sleep(_LOOK_EVERY_S)


# --- stopping -------------------------------------------------------------------------------------


def _stop(directory: Path) -> bool:
    state = states.load(directory)
    if state is None:
        return False
    stopped = daemons.stop(state.daemons)
    states.forget(directory)
    shutil.rmtree(directory / "tmp", ignore_errors=True)
    return stopped
