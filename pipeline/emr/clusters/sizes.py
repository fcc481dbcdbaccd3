"""What a node of a type has: from the catalogue of GPU types, the table below, or the user's file.

The table is EMR's guide, docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-hadoop-task-config.html:
`yarn.nodemanager.resource.memory-mb` without HBase. Cores are those of EMR's list of types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from pipeline.emr.executors import Node
from pipeline.emr.instances.catalogue import InstanceType, find_type, instance_types
from pipeline.emr.instances.yarn import memory_by_rule, yarn_room
from pipeline.errors import UserError

CPU_TYPES = {
    "m6i.xlarge": Node(11_712, 4),
    "m6i.2xlarge": Node(23_424, 8),
    "m6i.4xlarge": Node(54_272, 16),
    "m6i.8xlarge": Node(116_736, 32),
    "m6i.12xlarge": Node(181_248, 48),
    "m6i.16xlarge": Node(241_664, 64),
    "m6a.xlarge": Node(11_712, 4),
    "m6a.2xlarge": Node(23_424, 8),
    "m6a.4xlarge": Node(54_272, 16),
    "m6a.8xlarge": Node(116_736, 32),
    "m6a.12xlarge": Node(179_200, 48),
    "m6a.16xlarge": Node(241_664, 64),
}
"""What YARN gives away on a node of the CPU types that are known."""

# AWS's own processors have a g behind the generation: m6g, c7gn, im4gn; g4dn and g5 do not.
_ARM = re.compile(r"[a-z]+\d+[a-z]*g[a-z]*\..+")
_GPU_FAMILY = re.compile(r"(g|gr|p)\d.*")


class Size(Protocol):
    """What a user's file says of a CPU type."""

    @property
    def vcpus(self) -> int:
        """Virtual cores."""

    @property
    def memory_gib(self) -> float:
        """GiB, as EMR counts them."""


def gpu_type(name: str) -> InstanceType | None:
    """The GPU type of that name; None for other types."""
    return instance_types().get(name)


def node_of(name: str, own: Mapping[str, Size]) -> Node:
    """What YARN gives away on a node of a type.

    Parameters
    ----------
    name : str
        The type.
    own : mapping of str to Size
        The user's CPU types; they win over the table.

    Raises
    ------
    UserError
        For a type of which that is not known, and for processors that our libraries do not run on.
    """
    instance = gpu_type(name)
    if instance is not None:
        room = yarn_room(instance)
        return Node(room.memory_mb, room.vcores, room.gpus)
    if _ARM.fullmatch(name):
        raise UserError(
            f"{name}: its processor is ARM, and MXNet and Horovod are built for x86_64: use m6i or "
            "m6a"
        )
    if name in own:
        return Node(memory_by_rule(own[name].memory_gib), own[name].vcpus)
    if name in CPU_TYPES:
        return CPU_TYPES[name]
    if _GPU_FAMILY.fullmatch(name):
        find_type(name)  # says which names read alike
    families = " and ".join(dict.fromkeys(each.partition(".")[0] for each in CPU_TYPES))
    raise UserError(
        f"{name}: its size is not known (that of {families} is): state it below cpu_types, as "
        f"`{name}: {{vcpus: 16, memory_gib: 61}}`"
    )
