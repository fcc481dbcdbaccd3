"""transformers with PyTorch, in a process of its own environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT
from benchmarks.transfer.workload import ANSWER

_MODULE = "benchmarks.transfer.torch_passes"
_PATIENCE_S = 60.0


class TorchProcess:
    """A context manager that ends the process.

    Parameters
    ----------
    python : Path
        That environment's interpreter.
    checkpoint : Path
        The first weights.
    cores : sequence of int
        Which cores it may use; as many threads.
    """

    def __init__(self, python: Path, checkpoint: Path, cores: Sequence[int]) -> None:
        self._process: Any = subprocess.Popen(
            [str(python), "-m", _MODULE, str(checkpoint), *map(str, cores)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(len(cores))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> TorchProcess:
        try:
            self._answer()
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE_S if _raised[0] is None else 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pids(self) -> list[int]:
        """The process."""
        return [self._process.pid]

    def run(self, attention: str, dropout: float, passes: int) -> list[float]:
        """Seconds of each pass."""
        self._process.stdin.write(json.dumps([attention, dropout, passes]) + "\n")
        self._process.stdin.flush()
        return [float(each) for each in self._answer()]

    def _answer(self) -> Any:
        for line in self._process.stdout:
            if line.startswith(ANSWER):
                return json.loads(line.removeprefix(ANSWER))
        raise RuntimeError(f"{_MODULE} ended with code {self._process.wait()}")
