"""Ctrl-C while several jobs run side by side ends all of them, whatever YARN knows of yet."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.rehearsal import client as clients
from pipeline.cli.rehearsal.client import Client
from pipeline.cli.runs.outcome import TERMINATED
from pipeline.cli.runs.sequence import JobSequence
from pipeline.config import load
from pipeline.emr.yarn import Application
from pipeline.errors import EnsemblesError, UserError
from pipeline.store.runs import RunPlace, read_run
from tests.cli.rehearsal.rehearsed import small_config


def application(name: str, status: str, *tags: str) -> Application:
    return Application(name, "small boost", "RUNNING", status, "", frozenset(tags))


class Manager:
    """YARN, as the client asks it: knows nothing for a while, then one application of each job."""

    def __init__(self) -> None:
        self.known: list[Application] = []
        self.killed: list[str] = []

    def applications(self, _webapp: str, _tag: str) -> list[Application]:
        return [each for each in self.known if each.id not in self.killed]

    def kill(self, _webapp: str, name: str) -> None:
        self.killed.append(name)


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    found = Manager()
    monkeypatch.setattr(clients, "yarn", found)
    monkeypatch.setattr(clients, "_POLL_S", 0.02)
    return found


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    return load(JobConfig, str(small_config(tmp_path, "small")), [], FREE_KEYS)


def client_of(config: JobConfig, place: Path) -> Client:
    hadoop: Any = type("Hadoop", (), {"webapp": "http://manager"})()
    return Client(hadoop, {}, RunPlace(config.output, "run-1"), place)


@pytest.mark.timeout(60)
def test_clients_that_yarn_does_not_know_yet_are_ended_too(
    manager: Manager, config: JobConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def slow(_command: Any, *, started: Any, **_more: Any) -> int:
        process = subprocess.Popen(["sleep", "300"], process_group=0)
        processes.append(process)
        started(process)
        return 128 - process.wait()

    monkeypatch.setattr(clients, "run_spark_submit", slow)
    client = client_of(config, tmp_path)
    place = RunPlace(config.output, "run-1")
    sequence = JobSequence(config, place, [["boost", "deep"]], fresh=True, cancel=client.end)
    monkeypatch.setattr(JobSequence, "_must_run", lambda *_: True)

    def interrupt() -> None:
        while len(processes) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        sequence.run(lambda job, _further: client.run(job, ["spark-submit"]), {})
    assert all(process.poll() is not None for process in processes)
    record = read_run(place)
    assert record["outcome"] == "interrupted"
    assert {part["outcome"] for part in record["jobs"].values()} == {"interrupted"}
    assert client.run("score", ["spark-submit"]) == TERMINATED  # nothing more is started


def test_applications_are_ended_until_yarn_says_so(
    manager: Manager, config: JobConfig, tmp_path: Path
) -> None:
    manager.known = [application("a", "UNDEFINED"), application("b", "SUCCEEDED")]
    client_of(config, tmp_path).end()
    assert manager.killed == ["a"]


def test_a_manager_that_is_gone_does_not_stand_in_the_interrupts_way(
    manager: Manager, config: JobConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: str) -> list[Application]:
        raise EnsemblesError("the ResourceManager does not answer")

    monkeypatch.setattr(manager, "applications", gone)
    client_of(config, tmp_path).end()


def test_an_output_that_an_application_still_writes_is_refused(
    manager: Manager, config: JobConfig, tmp_path: Path
) -> None:
    manager.known = [application("application_1_7", "UNDEFINED")]
    with pytest.raises(UserError, match=r"application_1_7 \(small boost\) still writes there"):
        client_of(config, tmp_path).require_alone()
    manager.known = [application("application_1_7", "KILLED")]
    client_of(config, tmp_path).require_alone()
