"""PyTorch, in an environment of its own that is made when it is first needed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.common import ROOT

VENV = ROOT / ".venv-torch"
_LOCK = ROOT / "requirements" / "torch.lock"
_STAMP = VENV / "lock.sha256"
# PyTorch's wheels bring CUDA, used or not.
_NEEDED_GB = 12


class NoTorchError(Exception):
    """Why there is no PyTorch, in a sentence."""


def python() -> Path:
    """The interpreter of the environment; takes minutes the first time.

    Raises
    ------
    NoTorchError
        When the disk is too small, or packages cannot be installed.
    """
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if not (_STAMP.exists() and _STAMP.read_text(encoding="utf-8") == digest):
        _make()
        _STAMP.write_text(digest, encoding="utf-8")
    return VENV / "bin" / "python"


def _make() -> None:
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < _NEEDED_GB:
        raise NoTorchError(f"PyTorch needs {_NEEDED_GB} GB of disk, {free:.0f} GB are free")
    sys.stderr.write(f"deep: PyTorch goes into {VENV.name}, once; some minutes\n")
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "install", "--require-hashes", "--no-deps", "-r", str(_LOCK)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NoTorchError(f"{_LOCK.name} cannot be installed: {' '.join(reason)}")
