"""Starting a cluster's daemons: their directory, their environment, their command lines."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import sys
from pathlib import Path

import pyspark

from pipeline.local import daemons, gpus
from pipeline.local import state as states
from pipeline.local.readiness import wait
from pipeline.local.state import ClusterState, Daemon, Shape, WorkerState

_LOOPBACK = "127.0.0.1"
_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"


def clean(directory: Path) -> None:
    """Empty directories for this cluster; what an earlier one left is gone."""
    for name in ("conf", "logs", "tmp", "work"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir()


def write_properties(directory: Path, shape: Shape) -> None:
    """The Workers' own Spark settings, with the discovery script of simulated GPUs."""
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


def start_master(directory: Path, shape: Shape, java_home: str, limit: float) -> ClusterState:
    """Start the Master and read from its log which ports it has chosen."""
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

    master_url, web_url = wait(told, [state.master], lambda: state.master, limit)
    state = dataclasses.replace(state, master_url=master_url, web_url=web_url)
    states.save(state)
    return state


def start_workers(state: ClusterState) -> ClusterState:
    """Start the Workers, noting each before the next: a failed start can be cleaned up."""
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
