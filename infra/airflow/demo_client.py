"""Asking Airflow over its API: is it ready, run this, how far is it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from demo_airflow import LocalAirflow
from pipeline.errors import EnsemblesError

_PATIENCE_S = 300.0
_POLL_S = 2.0
# `standalone` goes on without a scheduler that has died.
_SILENCE_S = 120.0
_REQUEST_S = 30.0
_ENDED = ("success", "failed")


class Client:
    """A person at Airflow's API.

    Parameters
    ----------
    airflow : LocalAirflow
        The one to ask.
    """

    def __init__(self, airflow: LocalAirflow) -> None:
        self._airflow = airflow
        self._token = ""

    def wait_until_ready(self, dag: str) -> None:
        """Wait until Airflow answers and knows the DAG.

        Raises
        ------
        EnsemblesError
            When it ends meanwhile, or takes too long; says where its log is.
        """
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and self._airflow.is_running:
            try:
                self._token = self._token or self._log_in()
                self._ask("GET", f"dags/{dag}")
                return
            except (OSError, ValueError):  # not there yet: no password, no port, no DAG
                time.sleep(_POLL_S)
        raise EnsemblesError(f"Airflow did not come up; its log is {self._airflow.log}")

    def trigger(self, dag: str, date: str | None, conf: Mapping[str, Any]) -> str:
        """Run a DAG for a date, or for none; returns the run's id."""
        self._ask("PATCH", f"dags/{dag}", {"is_paused": False})
        moment = None if date is None else f"{date}T00:00:00Z"
        asked = {"logical_date": moment, "conf": dict(conf)}
        return str(self._ask("POST", f"dags/{dag}/dagRuns", asked)["dag_run_id"])

    def follow(self, dag: str, run: str, say: Callable[[str], None]) -> str:
        """Tell each task's states until the run has ended; returns the run's state.

        Raises
        ------
        EnsemblesError
            When Airflow, or its scheduler alone, ends before the run does.
        """
        place = f"dags/{dag}/dagRuns/{run}"
        seen: dict[str, str] = {}
        heard = time.monotonic()
        while self._airflow.is_running and time.monotonic() - heard < _SILENCE_S:
            try:
                if self._ask("GET", "monitor/health")["scheduler"]["status"] == "healthy":
                    heard = time.monotonic()
                tasks = self._ask("GET", f"{place}/taskInstances")["task_instances"]
                state = str(self._ask("GET", place)["state"])
            except OSError:  # the machine is busy; the next answer will do
                time.sleep(_POLL_S)
                continue
            for task in tasks:
                name, now = str(task["task_id"]), str(task["state"] or "waiting")
                if now not in ("waiting", "scheduled", "queued", seen.get(name)):
                    seen[name] = now
                    say(f"{name}: {now}")
            if state in _ENDED:
                return state
            time.sleep(_POLL_S)
        raise EnsemblesError(f"Airflow, or its scheduler, ended; its log is {self._airflow.log}")

    def _log_in(self) -> str:
        user, password = next(iter(json.loads(self._airflow.password_file.read_text()).items()))
        answer = self._send("POST", "auth/token", {"username": user, "password": password})
        return str(answer["access_token"])

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._send(method, f"api/v2/{path}", body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(
            f"{self._airflow.url}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
            method=method,
        )
        # A proxy that the shell names is not for this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_REQUEST_S) as answer:
            return json.load(answer)
