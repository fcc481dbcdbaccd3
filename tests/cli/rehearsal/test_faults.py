"""Whatever dies on YARN: the identical model, or one clear error, and nothing left in the queue."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline import files
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from pipeline.store.runs import list_runs
from pipeline.store.versions import newest
from tests.cli.rehearsal.containers import jvms, kill, wait_until
from tests.cli.rehearsal.rehearsed import Rehearsals, rehearsals_of

pytestmark = [pytest.mark.yarn, pytest.mark.timeout(1200)]

LONG = {
    "boosting": {"rounds": 400, "max_depth": 4, "checkpoint_rounds": 20},
    "deep": {"hidden": [32], "epochs": 60, "batch_size": 64},
}
OF = {"boost": ("boosting", "booster.ubj"), "deep": ("deep", r"network-\d+\.params")}


@dataclass(frozen=True)
class Training:
    """A rehearsal of one trainer, to be disturbed."""

    rehearsals: Rehearsals
    job: str

    @property
    def application(self) -> str:
        return self.rehearsals.applications(self.job)[-1].id

    def start(self) -> subprocess.Popen[str]:
        return self.rehearsals.start("--fresh", "--jobs", self.job)

    def wait_until_it_trains(self, before: int) -> None:
        """Until the newest run has a checkpoint."""
        places = f"{self.rehearsals.output}/checkpoints/{OF[self.job][0]}"
        wait_until(lambda: len(list_runs(self.rehearsals.output)) > before, "the run began")
        wait_until(lambda: any(name.endswith(".zip") for name in files.names(places)), "it trained")

    def model(self) -> bytes:
        kind, name = OF[self.job]
        version = newest(f"{self.rehearsals.output}/models/{kind}")
        assert version is not None
        (found,) = (each for each in files.names(version.content) if re.fullmatch(name, each))
        return files.read_bytes(files.join(version.content, found))

    def runs(self) -> int:
        return len(list_runs(self.rehearsals.output))


@pytest.fixture(scope="module", params=list(OF))
def training(
    request: pytest.FixtureRequest, hadoop: HadoopState, tmp_path_factory: pytest.TempPathFactory
) -> Training:
    """A trainer that was not disturbed yet, whose model is there."""
    return undisturbed(hadoop, tmp_path_factory.mktemp("training"), str(request.param))


def undisturbed(hadoop: HadoopState, directory: Path, job: str, **changes: Any) -> Training:
    found = Training(rehearsals_of(hadoop, directory, **LONG, **changes), job)
    code, said = found.rehearsals.run("--jobs", "prepare", job, timeout=500)
    assert code == 0, said
    return found


def is_idle(state: HadoopState) -> bool:
    url = f"{state.webapp}/ws/v1/cluster/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        metrics: dict[str, Any] = json.load(answer)["clusterMetrics"]
    return not (metrics["appsRunning"] or metrics["appsPending"] or metrics["containersAllocated"])


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=600)
    return process.returncode, said


def test_killed_executors_and_drivers_cost_nothing(training: Training) -> None:
    expected = training.model()
    for number in (2, 1):  # an executor, then the driver
        before = training.runs()
        process = training.start()
        training.wait_until_it_trains(before)
        containers = jvms(training.application)
        kill(containers[min(key for key in containers if key[1] >= number)])
        code, said = finish(process)
        assert code == 0, said
        assert training.model() == expected
        wait_until(lambda: is_idle(training.rehearsals.hadoop), "the queue was empty", 60)
        log = training.rehearsals.record()["jobs"][training.job]
        assert log["number"] == (2 if number == 1 else 1)


def test_ctrl_c_leaves_nothing_in_the_queue(training: Training) -> None:
    before = training.runs()
    process = training.start()
    training.wait_until_it_trains(before)
    process.send_signal(signal.SIGINT)
    code, said = finish(process)
    assert code == 130, said
    wait_until(lambda: is_idle(training.rehearsals.hadoop), "the queue was empty", 60)


@pytest.fixture
def own_hadoop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HadoopState]:
    """A cluster that loses a node: three, of which two have room for a gang."""
    directory = tmp_path_factory.mktemp("own-hadoop")
    try:
        yield cluster.up(directory, nodes=3, cores_per_node=2, memory_per_node_mb=4_096)
    finally:
        cluster.down(directory)


@pytest.mark.parametrize("job", list(OF))
def test_a_killed_node_costs_nothing(
    own_hadoop: HadoopState, job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", own_hadoop.configuration)
    two = {"spark.sql.shuffle.partitions": 4, "spark.executor.instances": 2}
    training = undisturbed(own_hadoop, tmp_path, job, spark=two)
    expected = training.model()
    before = training.runs()
    process = training.start()
    training.wait_until_it_trains(before)
    _lose_a_node(own_hadoop, training.application)
    code, said = finish(process)
    assert code == 0, said
    assert training.model() == expected
    wait_until(lambda: is_idle(own_hadoop), "the queue was empty", 60)


def _lose_a_node(state: HadoopState, application: str) -> None:
    """SIGKILL a NodeManager that holds an executor and not the driver, and all its containers."""
    managers = [psutil.Process(d.pid) for d in state.daemons if d.name.startswith("NodeManager")]
    containers = jvms(application)
    for manager in managers:
        below = manager.children(recursive=True)
        mine = [key for key, jvm in containers.items() if jvm in below]
        if mine and all(number > 1 for _, number in mine):
            for process in [manager, *below]:
                process.kill()
            return
    pytest.fail(f"no node holds executors alone: {sorted(containers)}")
