"""A killed executor costs the replicas in flight; a killed driver's replicas are found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.local.cluster import ClusterState, down, environment, up
from tests.bagging.fit_script import REPLICAS

ROOT = Path(__file__).resolve().parent.parent.parent
SLOTS = 2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterState]:
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1400)
    finally:
        down(directory)


def _start(cluster: ClusterState, checkpoints: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bagging.fit_script"]
    return subprocess.Popen(
        [*command, cluster.master_url, str(checkpoints)],
        env={**os.environ, **environment(cluster), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors[-5000:]
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.fixture(scope="module")
def undisturbed(own: ClusterState, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _finish(_start(own, tmp_path_factory.mktemp("undisturbed")))


def _replicas(checkpoints: Path) -> dict[str, tuple[int, int]]:
    """When each replica's file was written, and which file it is."""
    found = {}
    for path in checkpoints.glob("bagging-*/replica-*.ubj"):
        stat = path.stat()
        found[path.name] = (stat.st_mtime_ns, stat.st_ino)
    return found


def _wait_for(checkpoints: Path, replicas: int, process: subprocess.Popen[str]) -> None:
    while len(_replicas(checkpoints)) < replicas:
        assert process.poll() is None, "the fit ended before it could be killed"
        time.sleep(0.01)


def _executors(cluster: ClusterState) -> list[psutil.Process]:
    found = []
    for worker in cluster.workers:
        for process in psutil.Process(worker.daemon.pid).children(recursive=True):
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in line:
                found.append(process)
    return found


def test_a_killed_executor_costs_the_replicas_in_flight(
    own: ClusterState, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    process = _start(own, tmp_path)
    _wait_for(tmp_path, 40, process)
    before = _replicas(tmp_path)
    _executors(own)[0].kill()
    found = _finish(process)
    after = _replicas(tmp_path)
    written_again = [name for name in before if after[name] != before[name]]
    assert len(before) < REPLICAS, "all replicas were there before the kill"
    assert len(written_again) <= SLOTS
    assert found == undisturbed


def test_a_killed_drivers_fit_goes_on_with_the_replicas_that_are_there(
    own: ClusterState, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    process = _start(own, tmp_path)
    _wait_for(tmp_path, 40, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60
    while _executors(own) and time.monotonic() < deadline:
        time.sleep(0.2)
    before = _replicas(tmp_path)
    assert 40 <= len(before) < REPLICAS
    found = _finish(_start(own, tmp_path))
    after = _replicas(tmp_path)
    assert {name: after[name] for name in before} == before
    assert len(after) == REPLICAS
    assert found == undisturbed
