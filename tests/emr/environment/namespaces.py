"""A mount namespace in which some directories of this machine are empty."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def run_without(hidden: list[Path], command: list[str], **variables: str) -> str:
    """Run a command where directories are empty, with no variables but its own; its stdout."""
    mounts = [f"mount -t tmpfs none {shlex.quote(str(path))}" for path in hidden if path.exists()]
    assigned = [f"{name}={value}" for name, value in variables.items()]
    script = " && ".join([*mounts, f"exec env -i {shlex.join([*assigned, *command])}"])
    done = subprocess.run(
        [*_UNSHARE, "sh", "-c", script], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def require_namespaces() -> None:
    """Skip the test where this user may not make any."""
    tried = subprocess.run(
        [*_UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode != 0:
        pytest.skip(f"no mount namespaces on this machine: {tried.stderr.strip()}")
