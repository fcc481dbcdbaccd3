"""Whatever dies while a network is trained: the same network, or one clear error in time."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from pyspark.sql import SparkSession

from pipeline.deep import DeepClassifier
from pipeline.errors import GangStalledError, GangWorkerError
from pipeline.local.cluster import ClusterState, down
from tests.deep.fit_script import EPOCHS
from tests.faults import (
    executors,
    finish,
    small_cluster,
    start,
    steps_kept,
    wait_for_no_executor,
    wait_for_step,
)

SCRIPT = "tests.deep.fit_script"

slow = pytest.mark.slow
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterState]:
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield small_cluster(directory)
    finally:
        down(directory)


@pytest.fixture(scope="module")
def undisturbed(own: ClusterState, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = finish(start(SCRIPT, own, tmp_path_factory.mktemp("undisturbed"), {}))
    assert "error" not in found, found["says"]
    return found


def _require_same(found: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    assert "error" not in found, found["says"]
    assert np.allclose(found["scores"], undisturbed["scores"], atol=1e-5)
    assert len(found["history"]) == len(undisturbed["history"]) == EPOCHS
    for mine, theirs in zip(found["history"], undisturbed["history"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


@slow
def test_a_killed_executor_costs_at_most_an_epoch(
    own: ClusterState, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    process = start(SCRIPT, own, tmp_path, {})
    wait_for_step(tmp_path, random.randrange(2, EPOCHS // 2), process)
    time.sleep(random.random())
    before = steps_kept(tmp_path)
    random.choice(executors(own)).kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-5000:]
    assert f"goes on after epoch {before}" in errors or f"after epoch {before + 1}" in errors
    again = finish(start(SCRIPT, own, tmp_path, {}))  # all epochs are kept: no training
    _require_same(again, undisturbed)


@slow
def test_a_killed_drivers_next_run_goes_on_to_the_same_network(
    own: ClusterState, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    process = start(SCRIPT, own, tmp_path, {})
    wait_for_step(tmp_path, 3, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_no_executor(own)
    assert steps_kept(tmp_path) >= 3
    _require_same(finish(start(SCRIPT, own, tmp_path, {})), undisturbed)


@slow
def test_a_worker_that_is_lost_for_good_ends_in_one_error(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    cluster = small_cluster(directory)
    try:
        process = start(SCRIPT, cluster, tmp_path / "kept", {"gangWait": 15.0})
        wait_for_step(tmp_path / "kept", 2, process)
        victim = psutil.Process(cluster.workers[0].daemon.pid)
        for each in [victim, *victim.children(recursive=True)]:
            each.kill()
        found = finish(process, 120)
    finally:
        down(directory)
    assert found["error"] == "GangLostError"
    assert "only 1 of 2 workers have an executor" in found["says"]


def _fit(spark: SparkSession, network: str, **params: Any) -> None:
    rows = spark.range(400).selectExpr("id", "cast(id % 7 as double) as x", "id % 2 as y")
    DeepClassifier(
        featuresCols=["x"],
        labelCol="y",
        rowIdCol="id",
        network=f"tests.deep.own_networks.{network}",
        epochs=2,
        batch_size=64,
        **params,
    ).fit(rows)


def test_a_rank_that_raises_ends_all_with_its_own_error(spark: SparkSession) -> None:
    with pytest.raises(GangWorkerError, match="rank 1 raised ArithmeticError: rank 1 cannot"):
        _fit(spark, "RaisesOnRankOne")


def test_of_two_ranks_that_raise_both_are_shown_the_first_one_first(
    spark: SparkSession,
) -> None:
    with pytest.raises(GangWorkerError) as caught:
        _fit(spark, "RaisesEverywhere")
    says = str(caught.value)
    assert "rank 1 raised KeyError: 'of rank 1'" in says
    assert "then rank 0 raised ValueError: of rank 0" in says


def test_a_rank_that_stalls_is_named(spark: SparkSession) -> None:
    with pytest.raises(GangStalledError, match=r"no progress for .* rank "):
        _fit(spark, "StallsOnRankOne", gangStall=8.0)
