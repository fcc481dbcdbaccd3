"""Whatever dies while a network of texts is trained: the same network, and no work done twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.local.cluster import ClusterState, down
from tests.faults import (
    executors,
    finish,
    small_cluster,
    start,
    steps_kept,
    wait_for_no_executor,
    wait_for_step,
)
from tests.transfer import tiny_bert
from tests.transfer.fit_script import EPOCHS, HEAD_EPOCHS

SCRIPT = "tests.transfer.fit_script"
HAD_RUN = "the part that stays as it is had run over"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterState]:
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield small_cluster(directory)
    finally:
        down(directory)


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"checkpoint": str(tiny_bert.write(tmp_path_factory.mktemp("checkpoint")))}


@pytest.fixture(scope="module")
def undisturbed(
    own: ClusterState, params: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    found = finish(start(SCRIPT, own, tmp_path_factory.mktemp("undisturbed"), params))
    assert "error" not in found, found["says"]
    return found


def _require_same(found: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    assert "error" not in found, found["says"]
    assert len(found["history"]) == len(undisturbed["history"]) == HEAD_EPOCHS + EPOCHS
    for mine, theirs in zip(found["history"], undisturbed["history"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-5)
    assert found["right"] == pytest.approx(undisturbed["right"], abs=3)


def _wait_for_base(directory: Path, process: Any) -> None:
    """Until both workers have kept what the base gives for their rows of both parts."""
    while len(list(directory.glob("*-base/*.npz"))) < 4:
        assert process.poll() is None, "the fit ended before anything was killed"
        time.sleep(0.01)


def test_an_executor_killed_on_the_new_layers_does_not_cost_the_base(
    own: ClusterState, params: dict[str, Any], undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    process = start(SCRIPT, own, tmp_path, params)
    _wait_for_base(tmp_path, process)
    random.choice(executors(own)).kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-5000:]
    assert HAD_RUN in errors
    again = finish(start(SCRIPT, own, tmp_path, params))  # all epochs are kept: no training
    _require_same(again, undisturbed)


@pytest.mark.parametrize("epochs", [1, HEAD_EPOCHS + 1])
def test_a_killed_drivers_next_run_goes_on_in_the_same_stage(
    epochs: int,
    own: ClusterState,
    params: dict[str, Any],
    undisturbed: dict[str, Any],
    tmp_path: Path,
) -> None:
    process = start(SCRIPT, own, tmp_path, params)
    wait_for_step(tmp_path, epochs, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_no_executor(own)
    kept = steps_kept(tmp_path)
    process = start(SCRIPT, own, tmp_path, params)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-5000:]
    assert f"goes on after epoch {kept}" in errors
    assert (HAD_RUN in errors) == (kept < HEAD_EPOCHS)
    _require_same(finish(start(SCRIPT, own, tmp_path, params)), undisturbed)
