"""The catalogue as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.emr.instances.capability import MXNET, XGBOOST
from pipeline.emr.instances.catalogue import InstanceType
from pipeline.emr.instances.launch import Finding
from pipeline.emr.instances.release import Release
from pipeline.emr.instances.verdict import State, summary, verdicts
from pipeline.emr.instances.yarn import yarn_room
from pipeline.emr.table import aligned

_BUILDS = (MXNET, XGBOOST)
_HEAD = ("type", "GPUs", "GPU", "GiB each", "vCPUs", "capability", "arch", "EMR")


def table(instances: Iterable[InstanceType], release: Release) -> list[str]:
    """A line for each type, and one above them."""
    head = [*_HEAD, *(build.name.partition(" ")[0] for build in _BUILDS), "state"]
    rows = [[*_cells(each), summary(verdicts(each, release))] for each in instances]
    return aligned([head, *rows])


def details(instance: InstanceType, release: Release) -> list[str]:
    """All of one type."""
    rows = [
        ["type", instance.name],
        ["GPUs", _gpus(instance)],
        ["capability", f"{instance.capability} ({instance.capability.sm})"],
        ["vCPUs", f"{instance.vcpus} ({instance.arch})"],
        ["memory", f"{instance.memory_gib:g} GiB"],
        ["disks", _disks(instance)],
        ["EC2", str(instance.generation)],
        ["EMR", f"since {instance.emr_release}" if instance.emr_release else "not listed"],
        ["YARN", _yarn(instance)],
        *([build.name, str(instance.code_of(build))] for build in _BUILDS),
    ]
    return [*aligned(rows), "", f"under {release}:", *aligned(_said(instance, release))]


def as_json(instance: InstanceType, release: Release) -> dict[str, Any]:
    """All of one type, for programs."""
    room = yarn_room(instance) if instance.emr_memory_gib is not None else None
    return {
        "type": instance.name,
        "gpus": instance.gpus,
        "gpu_model": instance.gpu_model,
        "gpu_memory_gib": instance.gpu_memory_gib,
        "vcpus": instance.vcpus,
        "memory_gib": instance.memory_gib,
        "instance_storage_gb": instance.instance_storage_gb,
        "compute_capability": str(instance.capability),
        "arch": instance.arch,
        "ec2": str(instance.generation),
        "replaced_by": list(instance.replaced_by),
        "emr_release": str(instance.emr_release) if instance.emr_release else None,
        "yarn": room and {"memory_mb": room.memory_mb, "vcores": room.vcores, "basis": room.basis},
        "gpu_code": {build.name: str(instance.code_of(build).fit) for build in _BUILDS},
        "release": str(release),
        "trainers": {
            each.trainer: {
                "offered": each.offered,
                "state": str(each.state),
                "reason": each.reason,
            }
            for each in verdicts(instance, release)
        },
    }


def findings(found: Iterable[Finding]) -> list[str]:
    """What was found of wishes to launch."""
    lines = []
    for each in found:
        wish = f"{each.wanted.count} x {each.wanted.instance.name}"
        lines.append(f"{wish}: {'cannot' if each.problems else 'can'} be launched")
        lines += [f"  {line}" for line in (*each.problems, *each.facts)]
    return lines


def _cells(instance: InstanceType) -> list[str]:
    return [
        instance.name,
        str(instance.gpus),
        instance.gpu_model.removeprefix("NVIDIA "),
        f"{instance.gpu_memory_gib:g}",
        str(instance.vcpus),
        str(instance.capability),
        instance.arch,
        str(instance.emr_release or "-"),
        *(str(instance.code_of(build).fit) for build in _BUILDS),
    ]


def _said(instance: InstanceType, release: Release) -> list[list[str]]:
    """The verdicts; trainers of which the same is said share a line."""
    found: dict[tuple[State, str], list[str]] = {}
    for each in verdicts(instance, release):
        found.setdefault((each.state, each.reason), []).append(each.trainer)
    return [
        [", ".join(trainers), "offered" if state is State.OFFERED else "refused", reason]
        for (state, reason), trainers in found.items()
    ]


def _gpus(instance: InstanceType) -> str:
    memory = f"{instance.gpu_memory_gib:g} GiB"
    if not instance.gpus:
        return f"a part of one {instance.gpu_model}: {memory}"
    return f"{instance.gpus} x {instance.gpu_model}, {memory} each"


def _disks(instance: InstanceType) -> str:
    size = instance.instance_storage_gb
    return f"{size} GB of its own" if size else "none of its own; EBS"


def _yarn(instance: InstanceType) -> str:
    if instance.emr_memory_gib is None:
        return "-"
    room = yarn_room(instance)
    return f"{room.memory_mb} MiB, {room.vcores} vcores ({room.basis})"
