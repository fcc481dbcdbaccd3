"""An Airflow as people have it, with scheduler, workers and triggerer, and a person at its API.

`airflow dags test` neither clears a run nor tries a task again that was killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.airflow.on_emr import AIRFLOW, ROOT

sys.path.append(str(ROOT / "infra" / "airflow"))  # the demo's modules are no package

from demo_airflow import free_ports
from demo_client import Client

DAGS = ROOT / "infra" / "airflow" / "dags"
_GRACE_S = 20.0
_PATIENCE_S = 120.0

Found = TypeVar("Found")


@dataclass
class ServedAirflow:
    """`airflow standalone`, on loopback; what the demo's client asks of it."""

    home: Path
    url: str
    process: subprocess.Popen[bytes]

    @property
    def password_file(self) -> Path:
        """Where Airflow writes the password that it makes."""
        return self.home / "passwords.json"

    @property
    def log(self) -> Path:
        """What Airflow itself says."""
        return self.home / "airflow.log"

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def said(self, dag: str, run: str, task: str) -> str:
        """The logs of all tries of a task."""
        folder = self.home / "logs" / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task}"
        return "\n".join(path.read_text() for path in sorted(folder.glob("attempt=*.log")))


class Person(Client):
    """Triggers, clears, and looks."""

    def clear(self, dag: str, run: str, *, only_failed: bool = False) -> None:
        """Clear a run, as the button of that name does."""
        asked = {"dry_run": False, "only_failed": only_failed}
        self._ask("POST", f"dags/{dag}/dagRuns/{run}/clear", asked)

    def ended(self, dag: str, run: str) -> str:
        """Wait for its end; the run's state."""
        return self.follow(dag, run, lambda _: None)

    def tasks(self, dag: str, run: str) -> dict[str, str]:
        """By task, its state."""
        return {each["task_id"]: str(each["state"]) for each in self._tasks(dag, run)}

    def tries(self, dag: str, run: str) -> dict[str, int]:
        """By task, how often it was tried."""
        return {each["task_id"]: int(each["try_number"]) for each in self._tasks(dag, run)}

    def runs(self, dag: str) -> list[str]:
        """The ids of all runs."""
        return [each["dag_run_id"] for each in self._ask("GET", f"dags/{dag}/dagRuns")["dag_runs"]]

    def returned(self, dag: str, run: str, task: str) -> Any:
        """What a task has returned last, as other tasks see it."""
        place = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value"
        return self._ask("GET", place)["value"]

    def events(self, dag: str) -> list[dict[str, Any]]:
        """What a DAG has told of assets."""
        found = self._ask("GET", f"assets/events?source_dag_id={dag}")["asset_events"]
        return list(found)

    def _tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        return list(self._ask("GET", f"dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"])


@contextmanager
def served(
    home: Path, folder: Path, first: str, environment: Mapping[str, str]
) -> Iterator[tuple[ServedAirflow, Person]]:
    """Start it, wait until it knows a DAG, and stop all of it.

    Parameters
    ----------
    home : Path
        Gets database and logs; must not be there.
    folder : Path
        With the DAGs.
    first : str
        The DAG.
    environment : mapping of str to str
        Of Airflow's processes.
    """
    home.mkdir(parents=True)
    api, worker_logs, triggerer_logs = free_ports(3)
    url = f"http://127.0.0.1:{api}"
    own = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(triggerer_logs),
        "PATH": f"{AIRFLOW.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(DAGS),
    }
    with (home / "airflow.log").open("wb") as sink:
        process = subprocess.Popen(
            [AIRFLOW, "standalone"],
            env={**environment, **own},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    airflow = ServedAirflow(home, url, process)
    person = Person(airflow)
    try:
        person.wait_until_ready(first)
        yield airflow, person
    finally:
        _stop(process)


def waited(look: Callable[[], Found | None], what: str) -> Found:
    """What is found, as soon as it is."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"{what}: not in {_PATIENCE_S:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """All of it: what was started by what has ended is looked for first."""
    whole = psutil.Process(process.pid)
    parts = whole.children(recursive=True)
    process.terminate()
    psutil.wait_procs([whole, *parts], timeout=_GRACE_S)
    for each in (whole, *parts):
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
