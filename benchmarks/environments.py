"""Environments beside `.venv`, for packages that want other versions; made when first needed."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT


class NoEnvironmentError(Exception):
    """Why there is no such environment, in a sentence."""


@dataclass(frozen=True)
class Environment:
    """The packages of a lock file in a directory of the checkout.

    Parameters
    ----------
    name : str
        Of the directory `.venv-<name>` and of the file `requirements/<name>.lock`.
    title : str
        What it holds, for people.
    needed_gb : int
        Free disk without which it is not begun.
    """

    name: str
    title: str
    needed_gb: int

    @property
    def directory(self) -> Path:
        return ROOT / f".venv-{self.name}"

    def python(self) -> Path:
        """The interpreter of the environment; takes minutes the first time.

        Raises
        ------
        NoEnvironmentError
            When the disk is too small, or packages cannot be installed.
        """
        stamp = self.directory / "lock.sha256"
        digest = hashlib.sha256(self._lock.read_bytes()).hexdigest()
        with self._alone():
            if not (stamp.exists() and stamp.read_text(encoding="utf-8") == digest):
                self._make()
                stamp.write_text(digest, encoding="utf-8")
        return self.directory / "bin" / "python"

    @property
    def _lock(self) -> Path:
        return ROOT / "requirements" / f"{self.name}.lock"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whoever comes second waits for the first, and finds it made."""
        with self._lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        free = shutil.disk_usage(ROOT).free / 1e9
        if free < self.needed_gb:
            raise NoEnvironmentError(
                f"{self.title} needs {self.needed_gb} GB of disk, {free:.0f} GB are free"
            )
        where = self.directory
        sys.stderr.write(f"{self.title} goes into {where.name}, once; some minutes\n")
        self._run([sys.executable, "-m", "venv", "--clear", str(where)])
        pip = [str(where / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        self._run([*pip, "install", "--require-hashes", "--no-deps", "-r", str(self._lock)])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise NoEnvironmentError(f"{self._lock.name} cannot be installed: {' '.join(reason)}")


# PyTorch's wheels bring CUDA, used or not.
TORCH = Environment("torch", "PyTorch", 12)
TRANSFORMERS = Environment("transformers", "transformers with PyTorch", 14)
