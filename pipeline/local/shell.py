"""What a shell, or a subprocess, needs so that `spark-submit` works with the local cluster."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from pipeline.local.state import ClusterState


def environment(state: ClusterState) -> dict[str, str]:
    """The variables to add to a process that submits to the cluster."""
    path = f"{_bin(state)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, **_fixed(state)}


def shell_lines(state: ClusterState) -> list[str]:
    """The same as lines for a POSIX shell, to paste or to `eval`."""
    path = f'export PATH={shlex.quote(_bin(state))}:"$PATH"'
    fixed = [f"export {name}={shlex.quote(value)}" for name, value in _fixed(state).items()]
    return [path, *fixed]


def _bin(state: ClusterState) -> str:
    return str(Path(state.python).parent)


def _fixed(state: ClusterState) -> dict[str, str]:
    return {
        "JAVA_HOME": state.java_home,
        # Else a Spark that the shell already has would be the one that submits.
        "SPARK_HOME": state.spark_home,
        "PYSPARK_PYTHON": state.python,
        "PYSPARK_DRIVER_PYTHON": state.python,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_MASTER": state.master_url,
    }
