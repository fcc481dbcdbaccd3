"""A cluster with one core a Worker, and pyspark's TorchDistributor that trains on it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.boosting.remote import Servant
from benchmarks.common import ROOT
from benchmarks.deep.pinned import pin
from benchmarks.deep.workload import ANSWER
from pipeline.local import cluster as local_cluster

_DRIVER = "benchmarks.deep.torch_driver"


class TorchSession(Servant):
    """The driver runs in PyTorch's environment, and its ranks, too.

    Parameters
    ----------
    python : Path
        That environment's interpreter.
    cores : list of list of int
        The cores of each Worker: what it starts stays on them.
    rows : int
        Rows of each rank.
    heap_mb : int
        Heap of an executor.
    """

    def __init__(self, python: Path, cores: list[list[int]], rows: int, heap_mb: int) -> None:
        self._python = str(python)
        self._cores = cores
        self._rows = rows
        self._heap = heap_mb
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> TorchSession:
        name = self._stack.enter_context(tempfile.TemporaryDirectory())
        directory = Path(name) / "cluster"
        try:
            self._stack.callback(local_cluster.down, directory)
            self._state = local_cluster.up(
                directory, len(self._cores), len(self._cores[0]), self._heap
            )
            pin([worker.daemon.pid for worker in self._state.workers], self._cores)
            self._driver = self._stack.enter_context(self._begin())
            self._stack.callback(lambda: self._driver.stdin.close())
            self._answer()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    @property
    def pids(self) -> list[int]:
        """This process with the driver, the Master, the Workers."""
        workers = [worker.daemon.pid for worker in self._state.workers]
        return [os.getpid(), self._state.master.pid, *workers]

    def train(self, batch: int, epochs: int) -> list[float]:
        """Seconds of each epoch, with so many rows of a batch on each rank."""
        self._driver.stdin.write(json.dumps([self._rows, batch, epochs]) + "\n")
        self._driver.stdin.flush()
        return [float(each) for each in self._answer()]

    def _begin(self) -> Any:
        variables = {
            **os.environ,
            **local_cluster.environment(self._state),
            "PYTHONPATH": str(ROOT),
            "PYSPARK_PYTHON": self._python,
            "PYSPARK_DRIVER_PYTHON": self._python,
        }
        return subprocess.Popen(
            [self._python, "-m", _DRIVER, self._state.master_url, str(self._heap)],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _answer(self) -> Any:
        for line in self._driver.stdout:
            if line.startswith(ANSWER):
                return json.loads(line.removeprefix(ANSWER))
        raise RuntimeError(f"{_DRIVER} ended with code {self._driver.wait()}")
