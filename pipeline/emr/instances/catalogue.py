"""The instance types, from `gpu_instances.yaml` beside this file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml

from pipeline.emr.instances.capability import (
    Capability,
    Fit,
    GpuBuild,
    GpuCode,
    code_for,
    parse_capability,
)
from pipeline.emr.instances.release import Release, parse_release
from pipeline.errors import UserError


class Generation(StrEnum):
    """What EC2 says of a type."""

    CURRENT = "current"
    PREVIOUS = "previous"
    RETIRED = "retired"


@dataclass(frozen=True)
class InstanceType:
    """One GPU instance type of EC2.

    Parameters
    ----------
    name : str
        `g5.xlarge`.
    gpu_model : str
        NVIDIA's name.
    gpus : int
        How many; 0 where the type has a part of one.
    gpu_memory_gib : float
        GiB of one GPU.
    capability : Capability
        Of its GPUs.
    vcpus : int
        Virtual cores.
    memory_gib : float
        GiB, as EC2 counts them.
    arch : str
        `x86_64` or `arm64`.
    generation : Generation
        Whether EC2 still has it.
    emr_release : Release or None
        The first of EMR 7 that launches it; None where EMR does not list it.
    emr_memory_gib : float or None
        GiB, as EMR counts them.
    yarn_memory_mb : int or None
        MiB that EMR gives YARN on it, where EMR's guide says.
    instance_storage_gb : int
        GB of its own disks.
    replaced_by : tuple of str
        For a retired type: families that do its work.
    """

    name: str
    gpu_model: str
    gpus: int
    gpu_memory_gib: float
    capability: Capability
    vcpus: int
    memory_gib: float
    arch: str = "x86_64"
    generation: Generation = Generation.CURRENT
    emr_release: Release | None = None
    emr_memory_gib: float | None = None
    yarn_memory_mb: int | None = None
    instance_storage_gb: int = 0
    replaced_by: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """`g5` of `g5.xlarge`."""
        return self.name.partition(".")[0]

    def code_of(self, build: GpuBuild) -> GpuCode:
        """What of a build runs on its GPUs."""
        if build.arch != self.arch:
            return GpuCode(Fit.NONE)
        return code_for(build, self.capability)


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """All types by name, in the file's order."""
    text = resources.files(__package__).joinpath("gpu_instances.yaml").read_text("utf-8")
    found = {}
    for family, of_all in yaml.safe_load(text)["families"].items():
        sizes = of_all.pop("sizes")
        for size, own in sizes.items():
            name = f"{family}.{size}"
            found[name] = _made(name, {**of_all, **own})
    return found


def find_type(name: str) -> InstanceType:
    """The type of that name.

    Raises
    ------
    UserError
        For one that the catalogue does not have; names those that read alike.
    """
    known = instance_types()
    if name in known:
        return known[name]
    alike = _alike(name.lower(), known)
    meant = f"; did you mean {' or '.join(alike)}?" if alike else "."
    raise UserError(
        f"instance type {name!r}: no GPU type of EC2 that this catalogue has{meant} All of them: "
        "emr-ensembles instances list"
    )


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Names that read alike, of the same family where there is one."""
    family = name.partition(".")[0] + "."
    near = [each for each in known if each.startswith(family)]
    near = near or [each for each in known if each[0] == name[:1]]
    return difflib.get_close_matches(name, near, n=3, cutoff=0.7)


def _made(name: str, values: dict[str, Any]) -> InstanceType:
    release = values.pop("emr_release", None)
    return InstanceType(
        name=name,
        capability=parse_capability(values.pop("capability")),
        generation=Generation(values.pop("state", Generation.CURRENT)),
        emr_release=None if release is None else parse_release(release),
        replaced_by=tuple(values.pop("replaced_by", ())),
        **values,
    )
