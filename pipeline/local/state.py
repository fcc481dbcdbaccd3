"""What `local up` started, as a file that `local down` and `local status` read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import UserError

FILE = "cluster.json"

S = TypeVar("S")


@dataclass(frozen=True)
class Daemon:
    """One process of ours: its pid, and when it began, because pids are used again.

    Parameters
    ----------
    name : str
        What to call it to a person: `Master` or `Worker 0`.
    pid : int
        Its process id; it leads a session of its own under the same number.
    began : float
        Seconds since the epoch, as psutil tells them.
    log : str
        The file with all that it printed.
    """

    name: str
    pid: int
    began: float
    log: str


@dataclass(frozen=True)
class Shape:
    """How large a cluster is; two clusters of one shape are the same to a job."""

    workers: int
    cores_per_worker: int
    memory_per_worker_mb: int
    gpus_per_worker: int

    def __str__(self) -> str:
        """For example: 2 workers, each of 1 core, 1024 MiB, 0 GPUs."""
        each = offer(self.cores_per_worker, self.memory_per_worker_mb, self.gpus_per_worker)
        return f"{counted(self.workers, 'worker')}, each of {each}"


@dataclass(frozen=True)
class WorkerState:
    """One Worker: its process, its web page (empty until it registered), what it offers."""

    daemon: Daemon
    web_url: str
    cores: int
    memory_mb: int
    gpus: int


@dataclass(frozen=True)
class ClusterState:
    """A standalone cluster of this machine, as `cluster.json` has it.

    Parameters
    ----------
    directory : str
        Where its logs and work directories are.
    ready : bool
        Whether all Workers have registered; until then `up` is at work, or was killed.
    master_url, web_url : str
        `spark://127.0.0.1:PORT`, and the Master's web page; empty until the Master told them.
    master : Daemon
        The Master's process.
    workers : tuple of WorkerState
        The Workers started so far.
    shape : Shape
        What was asked for.
    java_home, python, spark_home : str
        What the daemons and their executors run with.
    """

    directory: str
    ready: bool
    master_url: str
    web_url: str
    master: Daemon
    workers: tuple[WorkerState, ...]
    shape: Shape
    java_home: str
    python: str
    spark_home: str

    @property
    def daemons(self) -> list[Daemon]:
        """All processes, the Master first."""
        return [self.master, *(worker.daemon for worker in self.workers)]


def require_at_least(option: str, value: int, least: int) -> None:
    """Raise a `UserError` for a number that is too small."""
    if value < least:
        raise UserError(f"{option} {value}: must be at least {least}")


def offer(cores: int, memory_mb: int, gpus: int) -> str:
    """What a Worker offers, for a person to read."""
    return f"{counted(cores, 'core')}, {memory_mb} MiB, {counted(gpus, 'GPU')}"


def save(state: ClusterState) -> None:
    """Write `cluster.json` whole, readable by its owner only."""
    write_private(Path(state.directory, FILE), asdict(state))


def write_private(path: Path, data: dict[str, Any]) -> None:
    """Write a file of JSON whole, readable by its owner only."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
    part.replace(path)


def load(directory: Path) -> ClusterState | None:
    """The state that is saved in a directory; None when there is none.

    Raises
    ------
    UserError
        When the file is not one of ours.
    """
    return read(directory / FILE, _from_dict)


def read(path: Path, from_dict: Callable[[dict[str, Any]], S]) -> S | None:
    """What a saved file means; None when there is none.

    Raises
    ------
    UserError
        When it is not one of ours.
    """
    try:
        return from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: cannot be understood ({error}); stop the processes that it names, "
            "then delete it"
        ) from None


def forget(directory: Path) -> None:
    """Delete the saved state."""
    (directory / FILE).unlink(missing_ok=True)


def counted(number: int, noun: str) -> str:
    """`1 core`, `2 cores`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _from_dict(data: dict[str, Any]) -> ClusterState:
    workers = [
        WorkerState(**{**worker, "daemon": Daemon(**worker["daemon"])})
        for worker in data["workers"]
    ]
    parts = {
        "master": Daemon(**data["master"]),
        "workers": tuple(workers),
        "shape": Shape(**data["shape"]),
    }
    return ClusterState(**{**data, **parts})
