"""What YARN may give away on a node of an instance type, as EMR sets it up.

Memory: EMR's guide lists `yarn.nodemanager.resource.memory-mb` per type. All 44 GPU types that it
lists follow one rule, which serves for those that it does not list yet: of the memory that EMR
counts, a quarter is left to the node, 8 GiB at most. With HBase there is less.

Cores: the guide is silent. EMR's own list counts as many cores as EC2 on every GPU type, and YARN
is taken to offer them; a cluster that sets `yarn.nodemanager.resource.cpu-vcores` to `vcores` need
not rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.emr.instances.catalogue import InstanceType
from pipeline.errors import UserError

_LEFT_SHARE, _LEFT_MOST_GIB = 0.25, 8


@dataclass(frozen=True)
class YarnRoom:
    """What YARN may give away on one node.

    Parameters
    ----------
    memory_mb : int
        MiB.
    vcores : int
        Virtual cores.
    gpus : int
        GPUs.
    published : bool
        Whether EMR's guide lists the memory; otherwise it comes from the rule.
    """

    memory_mb: int
    vcores: int
    gpus: int
    published: bool

    @property
    def basis(self) -> str:
        """Where the numbers come from."""
        memory = "EMR's guide" if self.published else "EMR's rule for its other GPU types"
        return f"memory by {memory}, cores as EMR's list of types counts them"


def yarn_room(instance: InstanceType) -> YarnRoom:
    """What YARN may give away on a node of a type.

    Raises
    ------
    UserError
        For a type that EMR does not list: nothing is known of it then.
    """
    if instance.emr_memory_gib is None:
        raise UserError(f"{instance.name}: EMR does not list it, so YARN's share is not known")
    memory = instance.yarn_memory_mb
    return YarnRoom(
        memory_mb=memory_by_rule(instance.emr_memory_gib) if memory is None else memory,
        vcores=instance.vcpus,
        gpus=instance.gpus,
        published=memory is not None,
    )


def memory_by_rule(emr_memory_gib: float) -> int:
    """MiB that EMR gives YARN of a node's memory."""
    left = min(emr_memory_gib * _LEFT_SHARE, _LEFT_MOST_GIB)
    return int((emr_memory_gib - left) * 1024)
