"""Whatever dies while a booster is trained: the identical model, or one clear error in time."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyspark.sql import SparkSession

from pipeline import files
from pipeline.boosting import BoostingClassifier
from pipeline.errors import GangWorkerError
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.local.cluster import ClusterState, down
from tests.boosting.fit_script import EVERY, ROUNDS
from tests.faults import (
    executors,
    finish,
    processes,
    small_cluster,
    start,
    steps_kept,
    wait_for_no_executor,
    wait_for_step,
)

SCRIPT = "tests.boosting.fit_script"
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "sampled": {"subsample": 0.5, "colsample_bynode": 0.5},
    "stopping": {"validation_fraction": 0.3, "early_stopping_rounds": 40, "eta": 0.3},
    "schedule": {"eta_schedule": {"kind": "exponential", "decay": 0.99}},
}

slow = pytest.mark.slow
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterState]:
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield small_cluster(directory)
    finally:
        down(directory)


_UNDISTURBED: dict[str, dict[str, Any]] = {}


def _undisturbed(cluster: ClusterState, way: str, directory: Path) -> dict[str, Any]:
    if way not in _UNDISTURBED:
        found = finish(start(SCRIPT, cluster, directory / "undisturbed", WAYS[way]))
        assert "error" not in found, found["says"]
        _UNDISTURBED[way] = found
    return _UNDISTURBED[way]


@slow
@pytest.mark.parametrize("way", WAYS)
def test_a_killed_executor_changes_nothing_of_the_model(
    way: str, own: ClusterState, tmp_path: Path
) -> None:
    undisturbed = _undisturbed(own, way, tmp_path)
    process = start(SCRIPT, own, tmp_path / "disturbed", WAYS[way])
    last = min(len(undisturbed["history"]), ROUNDS)
    wait_for_step(
        tmp_path / "disturbed", random.randrange(EVERY, max(last // 2, EVERY + 1)), process
    )
    time.sleep(random.random() / 5)
    random.choice(executors(own)).kill()
    assert finish(process) == undisturbed


@slow
@pytest.mark.parametrize("way", ["plain", "sampled", "stopping"])
def test_a_killed_drivers_next_run_goes_on_to_the_same_model(
    way: str, own: ClusterState, tmp_path: Path
) -> None:
    undisturbed = _undisturbed(own, way, tmp_path)
    process = start(SCRIPT, own, tmp_path / "disturbed", WAYS[way])
    wait_for_step(tmp_path / "disturbed", 2 * EVERY, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_no_executor(own)
    assert steps_kept(tmp_path / "disturbed") >= 2 * EVERY
    second = start(SCRIPT, own, tmp_path / "disturbed", WAYS[way])
    assert finish(second) == undisturbed


@slow
def test_a_worker_that_is_lost_for_good_ends_in_one_error(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    cluster = small_cluster(directory)
    try:
        process = start(SCRIPT, cluster, tmp_path / "kept", {"gangWait": 15.0})
        wait_for_step(tmp_path / "kept", EVERY, process)
        victim = psutil.Process(cluster.workers[0].daemon.pid)
        for each in [victim, *victim.children(recursive=True)]:
            each.kill()
        found = finish(process, 120)
    finally:
        down(directory)
    assert found["error"] == "GangLostError"
    assert "only 1 of 2 workers have an executor" in found["says"]
    assert "gang.wait" in found["says"]


@slow
def test_a_rank_that_is_stopped_is_named(own: ClusterState, tmp_path: Path) -> None:
    process = start(SCRIPT, own, tmp_path, {"gangStall": 20.0})
    wait_for_step(tmp_path, EVERY, process)
    # Others of Spark's Python workers are idle now.
    known = processes(own, "pyspark.daemon")
    before = [each.cpu_times().user for each in known]
    time.sleep(0.5)
    worked = [each.cpu_times().user - was for each, was in zip(known, before, strict=True)]
    stopped = known[worked.index(max(worked))]
    stopped.send_signal(signal.SIGSTOP)
    try:
        found = finish(process, 120)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            stopped.kill()
    assert found["error"] == "GangStalledError"
    assert "is silent (stopped, or its node is gone)" in found["says"]


class _Damaging(BoostingClassifier):
    """Damages a shard before it is trained on."""

    def _train(self, job: FitJob[Any]) -> Trained:
        path = files.local_path(files.join(job.shards.uri, "shards", "train-00001.arrow"))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        return super()._train(job)


def test_a_damaged_shard_is_named(spark: SparkSession) -> None:
    frame = spark.range(500).selectExpr("cast(id as double) as x", "id % 2 as y")
    estimator = _Damaging(featuresCols=["x"], labelCol="y", rounds=2, numWorkers=2)
    with pytest.raises(GangWorkerError, match=r"train-00001\.arrow is damaged on host"):
        estimator.fit(frame)
