"""Where large temporary files go: a cluster's own directories for them, never the root volume."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def local_directory() -> Path:
    """A directory of this application for large temporary files, deleted with it."""
    given = _given()
    return given or Path(tempfile.gettempdir()) / f"emr-ensembles-{os.getuid()}"


def spool_directory() -> Path | None:
    """For `dir=` of `tempfile`: the cluster's directory, or None for the system's own."""
    given = _given()
    return given if given and given.is_dir() else None


def _given() -> Path | None:
    # Standalone Workers, then YARN: each separates several directories in its own way.
    for name, separator in (("SPARK_EXECUTOR_DIRS", os.pathsep), ("LOCAL_DIRS", ",")):
        first = os.environ.get(name, "").partition(separator)[0]
        if first:
            return Path(first)
    return None
