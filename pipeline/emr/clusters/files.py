"""Reading a cluster file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.config import load
from pipeline.emr.clusters.settings import FREE_KEYS, ClusterSettings


def load_cluster(path: str | Path, overrides: Iterable[str] = ()) -> ClusterSettings:
    """Read a cluster file, as a job's config is read: `--set` overrides, `${env:NAME}`.

    Raises
    ------
    ConfigError
        With every problem, each with its line and key.
    StoreError
        When a file that is not on the local disk cannot be read.
    """
    return load(ClusterSettings, path, overrides, FREE_KEYS)
