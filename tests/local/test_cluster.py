import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.local import cluster as clusters
from pipeline.local import gpus, readiness
from pipeline.local.cluster import ClusterState, down, running, status, up
from pipeline.local.daemons import DaemonError, is_alive


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cluster"
    down(tmp_path / "cluster")


def small(directory: Path, gpus_per_worker: int = 0) -> ClusterState:
    return up(
        directory,
        workers=1,
        cores_per_worker=1,
        memory_per_worker_mb=512,
        gpus_per_worker=gpus_per_worker,
    )


def test_tasks_run_on_all_workers_in_this_environments_python(
    cluster: ClusterState, spark: SparkSession
) -> None:
    def interpreter(_: object) -> Iterator[tuple[str, int]]:
        yield sys.executable, os.getppid()

    found = spark.sparkContext.parallelize(range(2), 2).barrier().mapPartitions(interpreter)
    seen = found.collect()
    assert {python for python, _ in seen} == {sys.executable}
    assert len({executor for _, executor in seen}) == len(cluster.workers) == 2


def test_nothing_listens_beyond_this_machine(cluster: ClusterState) -> None:
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for daemon in cluster.daemons
        for connection in psutil.Process(daemon.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 6
    assert set(listening) == {"127.0.0.1"}


def test_a_clusters_life(directory: Path) -> None:
    state = small(directory, gpus_per_worker=2)
    assert status(directory) == running(directory) == state

    (worker,) = clusters.master_json(state)["workers"]
    assert (worker["state"], worker["cores"], worker["memory"]) == ("ALIVE", 1, 512)
    assert worker["resources"]["gpu"]["addresses"] == ["0", "1"]
    assert state.workers[0].web_url == worker["webuiaddress"]

    assert small(directory, gpus_per_worker=2) == state
    with pytest.raises(UserError, match=r"runs there already, of 1 worker.*local down --dir"):
        small(directory)

    os.kill(state.workers[0].daemon.pid, signal.SIGKILL)
    psutil.Process(state.workers[0].daemon.pid).wait(timeout=20)
    with pytest.raises(UserError, match=r"not whole .*Worker 0"):
        running(directory)

    again = small(directory)
    assert not is_alive(state.master)
    assert again.ready
    assert down(directory)
    assert status(directory) is None
    assert not any(map(is_alive, again.daemons))
    assert Path(again.master.log).exists()
    assert not down(directory)


def test_a_worker_that_cannot_start_shows_its_log(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, _count: int) -> None:
        path.write_text("#!/bin/sh\necho no driver for this card >&2\nexit 3\n")
        path.chmod(0o755)

    monkeypatch.setattr(gpus, "write_discovery_script", write)
    with pytest.raises(
        DaemonError, match=r"Worker 0 ended(.|\n)*worker-0\.log(.|\n)*discover-gpus"
    ):
        small(directory, gpus_per_worker=1)
    assert status(directory) is None
    assert not (directory / "cluster.json").exists()


def test_ctrl_c_while_starting_leaves_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[ClusterState] = []

    def interrupted(state: ClusterState, _limit: float) -> ClusterState:
        started.append(state)
        raise KeyboardInterrupt

    monkeypatch.setattr(readiness, "wait_for_workers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small(directory)
    assert len(started[0].daemons) == 2
    assert not any(map(is_alive, started[0].daemons))
    assert status(directory) is None


def test_one_that_is_too_slow_is_stopped_and_named(directory: Path) -> None:
    with pytest.raises(DaemonError, match=r"Master was not ready in time(.|\n)*master\.log"):
        up(directory, workers=1, memory_per_worker_mb=512, patience_s=0)
    assert status(directory) is None


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "work" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years")
    with pytest.raises(UserError, match="holds other files"):
        small(tmp_path)
    assert not down(tmp_path)
    assert precious.read_text() == "years"


def test_no_cluster_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no cluster runs there; start one: .*local up --dir"):
        running(tmp_path)


@pytest.mark.parametrize(
    ("option", "number"), [("workers", 0), ("cores_per_worker", 0), ("gpus_per_worker", -1)]
)
def test_a_number_that_makes_no_sense_is_named(directory: Path, option: str, number: int) -> None:
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} {number}: must be at least"):
        up(directory, **{option: number})
    assert not directory.exists()
