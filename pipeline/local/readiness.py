"""Waiting until a cluster's daemons are ready, and asking the Master what it knows."""

from __future__ import annotations

import dataclasses
import json
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pipeline.local import daemons
from pipeline.local.state import ClusterState, Daemon, WorkerState

_LOOK_EVERY_S = 0.2

T = TypeVar("T")


def wait_for_workers(state: ClusterState, limit: float) -> ClusterState:
    """Wait until the Master knows all Workers; the state with their web pages."""

    def web_url(worker: WorkerState, registered: dict[int, str]) -> str:
        log = Path(worker.daemon.log).read_text(encoding="utf-8", errors="replace")
        port = re.search(r"'sparkWorker' on port (\d+)", log)
        return registered.get(int(port[1]), "") if port else ""

    def looked() -> ClusterState:
        registered = _registered(state)
        workers = tuple(
            dataclasses.replace(worker, web_url=web_url(worker, registered))
            for worker in state.workers
        )
        return dataclasses.replace(state, ready=True, workers=workers)

    def whole() -> ClusterState | None:
        seen = looked()
        return seen if all(worker.web_url for worker in seen.workers) else None

    def late() -> Daemon:
        missing = [worker.daemon for worker in looked().workers if not worker.web_url]
        return missing[0] if missing else state.master

    return wait(whole, state.daemons, late, limit)


def _registered(state: ClusterState) -> dict[int, str]:
    """Port and web page of each Worker that the Master holds to be alive."""
    return {
        int(worker["port"]): str(worker["webuiaddress"])
        for worker in master_json(state)["workers"]
        if worker["state"] == "ALIVE"
    }


def master_json(state: ClusterState) -> dict[str, Any]:
    """What the Master tells of its Workers and applications."""
    return told(f"{state.web_url}/json/")


def told(url: str) -> dict[str, Any]:
    """The JSON that a daemon's web page answers with."""
    # Not through a proxy that the environment may name: this is loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def wait(
    ask: Callable[[], T | None],
    needed: list[Daemon],
    late: Callable[[], Daemon],
    limit: float,
) -> T:
    """Ask until there is an answer, all needed daemons living meanwhile."""
    while True:
        for daemon in needed:
            if not daemons.is_alive(daemon):
                raise daemons.failure(daemon, "ended while the cluster was starting")
        try:
            answer = ask()
        except (OSError, ValueError):
            answer = None  # the Master's web page may lag behind its log
        if answer is not None:
            return answer
        if time.monotonic() > limit:
            raise daemons.failure(late(), "was not ready in time")
        time.sleep(_LOOK_EVERY_S)
