"""Hadoop's daemons as jars."""

from __future__ import annotations

from pathlib import Path

from pipeline.local.ivy import Module, kept, resolved

VERSION = "3.4.2"
"""That of EMR 7.14."""

_NAME = f"hadoop-{VERSION}-with-client"
# The ResourceManager does not start without the last one.
_NAMES = (
    "hadoop-hdfs",
    "hadoop-yarn-client",
    "hadoop-yarn-server-resourcemanager",
    "hadoop-yarn-server-nodemanager",
    "hadoop-yarn-server-timelineservice",
)


def are_kept() -> bool:
    """Whether the jars are there already."""
    return kept(_NAME).exists()


def hadoop_jars(java_home: str) -> Path:
    """The directory of the jars.

    Raises
    ------
    UserError
        When they cannot be resolved.
    """
    modules = [Module("org.apache.hadoop", name, VERSION) for name in _NAMES]
    return resolved(_NAME, f"Hadoop {VERSION}", modules, java_home)
