"""`airflow standalone` with a home of its own, on loopback and free ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from pipeline.errors import UserError
from pipeline.local.cluster import ClusterState, environment


class LocalAirflow:
    """Airflow as a process of this machine.

    Parameters
    ----------
    root : Path
        The project's clone, with `.venv-airflow`.
    home : Path
        Gets the database, the logs and the password.
    state : ClusterState
        The cluster that the DAG's connection names.
    """

    def __init__(self, root: Path, home: Path, state: ClusterState) -> None:
        self._root = root
        self._home = home
        self._state = state
        self._ports = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the web pages and of the API."""
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def password_file(self) -> Path:
        """Where Airflow writes the password that it makes."""
        return self._home / "passwords.json"

    @property
    def logs(self) -> Path:
        """Where the logs of tasks are."""
        return self._home / "logs"

    @property
    def log(self) -> Path:
        """What Airflow itself says."""
        return self._home / "airflow.log"

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it is not ready yet.

        Raises
        ------
        UserError
            When its environment is missing.
        """
        program = self._root / ".venv-airflow" / "bin" / "airflow"
        if not program.exists():
            raise UserError(f"{program} is missing: make .venv-airflow/.made")
        self._home.mkdir(mode=0o700, parents=True)
        with self.log.open("wb") as sink:
            self._process = subprocess.Popen(
                [program, "standalone"],
                env=self._environment(program.parent),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is for the demo, which stops it in order
            )

    def _environment(self, programs: Path) -> dict[str, str]:
        api, worker_logs, triggerer_logs = self._ports
        own = {
            "AIRFLOW_HOME": self._home,
            "AIRFLOW__CORE__DAGS_FOLDER": self._root / "infra" / "airflow" / "dags",
            "AIRFLOW__CORE__LOAD_EXAMPLES": False,
            "AIRFLOW__CORE__PARALLELISM": 2,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.password_file,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": api,
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": 1,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": worker_logs,
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": triggerer_logs,
            "AIRFLOW_CONN_EMR_ENSEMBLES_SPARK": _connection(self._state.master_url),
            # One date alone, when asked: else Airflow would begin with that of yesterday.
            "EMR_ENSEMBLES_LOCAL_TRAINING_SCHEDULE": "never",
            "EMR_ENSEMBLES_HOME": self._root,
            "PYTHONPATH": self._root / "infra" / "airflow" / "dags",  # hooks.py says why
        }
        base = {
            name: value
            for name, value in {**os.environ, **environment(self._state)}.items()
            if not name.startswith(("AIRFLOW", "PYTHON"))
        }
        # `standalone` finds its parts by the name `airflow`.
        path = f"{programs}{os.pathsep}{base['PATH']}"
        return {**base, **{name: str(value) for name, value in own.items()}, "PATH": path}


def _connection(master_url: str) -> str:
    host, _, port = master_url.rpartition(":")
    extra = {"properties-file": "conf/spark/local.conf"}
    return json.dumps({"conn_type": "spark", "host": host, "port": int(port), "extra": extra})


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now; held together while they are chosen, so that they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
