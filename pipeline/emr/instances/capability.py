"""What compiled code for GPUs runs on which GPU: CUDA's rules, for the builds that we train with.

A binary (cubin) for compute capability X.y runs on X.z where z is y or more, and on no other major
version. PTX for X.y is compiled by the driver for that capability and every later one, where the
driver is new enough for the compiler that wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Capability(NamedTuple):
    """A GPU's compute capability.

    Parameters
    ----------
    major, minor : int
        8 and 6 for 8.6, which compilers call sm_86.
    """

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def sm(self) -> str:
        """As compilers write it."""
        return f"sm_{self.major}{self.minor}"


def parse_capability(text: str) -> Capability:
    """`8.6` as a capability."""
    major, _, minor = text.partition(".")
    return Capability(int(major), int(minor))


@dataclass(frozen=True)
class GpuBuild:
    """A library as it was compiled for GPUs.

    Parameters
    ----------
    name : str
        With its version.
    arch : str
        The processors it is for.
    binaries : tuple of Capability
        What it has machine code for.
    ptx : tuple of Capability
        What it has PTX for.
    """

    name: str
    arch: str
    binaries: tuple[Capability, ...]
    ptx: tuple[Capability, ...] = ()

    def __str__(self) -> str:
        code = "binaries for " + ", ".join(str(each) for each in self.binaries)
        ptx = ", ".join(str(each) for each in self.ptx)
        return f"{code}, PTX for {ptx}" if ptx else f"{code} and no PTX"


class Fit(StrEnum):
    """How a build runs on a GPU."""

    NATIVE = "native"
    SAME_MAJOR = "same-major binary"
    PTX = "PTX"
    NONE = "no"


@dataclass(frozen=True)
class GpuCode:
    """The code of a build that a GPU would run.

    Parameters
    ----------
    fit : Fit
        How.
    made_for : Capability or None
        What that code was compiled for; None where there is none.
    """

    fit: Fit
    made_for: Capability | None = None

    def __bool__(self) -> bool:
        return self.fit is not Fit.NONE

    def __str__(self) -> str:
        if self.made_for is None or self.fit is Fit.NATIVE:
            return str(self.fit)
        return f"{self.fit} ({self.made_for.sm})"


def code_for(build: GpuBuild, gpu: Capability) -> GpuCode:
    """What of a build runs on GPUs of a capability."""
    older = [each for each in build.binaries if each.major == gpu.major and each <= gpu]
    if older:
        best = max(older)
        return GpuCode(Fit.NATIVE if best == gpu else Fit.SAME_MAJOR, best)
    ptx = [each for each in build.ptx if each <= gpu]
    return GpuCode(Fit.PTX, max(ptx)) if ptx else GpuCode(Fit.NONE)


def _capabilities(*numbers: int) -> tuple[Capability, ...]:
    return tuple(Capability(*divmod(number, 10)) for number in numbers)


# Read out of the wheels that a node's environment is made of, from their .nv_fatbin sections;
# those of mxnet-cu112 to mxnet-cu117 are alike.
MXNET = GpuBuild("MXNet 1.9.1", "x86_64", _capabilities(50, 60, 70, 80, 86))
XGBOOST = GpuBuild(
    "XGBoost 3.2.0",
    "x86_64",
    _capabilities(50, 60, 70, 80, 90, 100, 120),
    ptx=_capabilities(120),
)
