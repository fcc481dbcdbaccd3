"""Fits in a process of their own, on a cluster whose parts tests kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from pipeline.local.cluster import ClusterState, environment, up

ROOT = Path(__file__).resolve().parent.parent


def small_cluster(directory: Path) -> ClusterState:
    """Two Workers of one core."""
    return up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1400)


def start(script: str, cluster: ClusterState, checkpoints: Path, params: dict[str, Any]) -> Any:
    """A script that fits with these params and prints JSON."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", script),
            *(cluster.master_url, str(checkpoints), json.dumps(params)),
        ],
        env={**os.environ, **environment(cluster), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: Any, limit_s: float = 300) -> dict[str, Any]:
    """What a script prints at its end."""
    out, errors = process.communicate(timeout=limit_s)
    assert process.returncode == 0, errors[-5000:]
    found: dict[str, Any] = json.loads(out)
    return found


def steps_kept(checkpoints: Path) -> int:
    """Rounds or epochs of the newest checkpoint; 0 when there is none."""
    names = [path.stem for path in checkpoints.glob("*/*.zip")]
    return max((int(name.partition("-")[2]) for name in names), default=0)


def wait_for_step(checkpoints: Path, number: int, process: Any) -> None:
    """Until a checkpoint of at least that round or epoch is there."""
    while steps_kept(checkpoints) < number:
        assert process.poll() is None, "the fit ended before anything was killed"
        time.sleep(0.02)


def processes(cluster: ClusterState, mark: str) -> list[psutil.Process]:
    """Processes of a cluster's Workers with a mark in their command lines."""
    found = []
    for worker in cluster.workers:
        for process in psutil.Process(worker.daemon.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if mark in line:
                found.append(process)
    return found


def executors(cluster: ClusterState) -> list[psutil.Process]:
    """The executors' JVMs."""
    return processes(cluster, "CoarseGrainedExecutorBackend")


def wait_for_no_executor(cluster: ClusterState, limit_s: float = 60) -> None:
    """Until those of a driver that is gone have ended."""
    deadline = time.monotonic() + limit_s
    while executors(cluster) and time.monotonic() < deadline:
        time.sleep(0.2)
