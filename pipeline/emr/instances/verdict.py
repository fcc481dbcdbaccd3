"""Whether a trainer can run on an instance type under a release of EMR, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.emr.instances.capability import MXNET, XGBOOST, Capability
from pipeline.emr.instances.catalogue import Generation, InstanceType
from pipeline.emr.instances.release import Release, unsupported

BUILDS = {"bag": XGBOOST, "boost": XGBOOST, "deep": MXNET}
"""What each trainer computes with on a GPU."""

TRAINERS = tuple(BUILDS)
_NAMES = {"bag": "bagging", "boost": "boosting", "deep": "deep networks"}

# The first generation whose GPUs no driver of EMR's documented CUDA, 12.5, knows: Blackwell.
_NEW_DRIVER = Capability(10, 0)


class State(StrEnum):
    """What became of a question, in a word or two."""

    OFFERED = "offered"
    ARM = "ARM"
    FRACTIONAL = "part of a GPU"
    RETIRED = "retired"
    NOT_IN_EMR = "not in EMR"
    RELEASE = "release"
    NO_CODE = "no GPU code"


@dataclass(frozen=True)
class Verdict:
    """The answer for one type, trainer and release.

    Parameters
    ----------
    trainer : str
        `bag`, `boost` or `deep`.
    state : State
        The answer.
    reason : str
        One sentence.
    """

    trainer: str
    state: State
    reason: str

    @property
    def offered(self) -> bool:
        """Whether the trainer can run there."""
        return self.state is State.OFFERED


def verdict(instance: InstanceType, trainer: str, release: Release) -> Verdict:
    """Whether a trainer can run on GPUs of a type under a release.

    Parameters
    ----------
    instance : InstanceType
        Of the catalogue.
    trainer : str
        `bag`, `boost` or `deep`.
    release : Release
        The cluster's.
    """
    refusal = _refusal(instance, release)
    if refusal is not None:
        return Verdict(trainer, *refusal)
    build = BUILDS[trainer]
    code = instance.code_of(build)
    gpu = f"{instance.gpu_model}, compute capability {instance.capability}"
    if not code:
        others = _others(instance)
        able = f"; {others} can run there" if others else ""
        why = f"{build.name} has no code for its GPU ({gpu}): it holds {build}{able}"
        return Verdict(trainer, State.NO_CODE, why)
    return Verdict(trainer, State.OFFERED, f"{build.name}: {code}" + _caution(instance, trainer))


def verdicts(instance: InstanceType, release: Release) -> list[Verdict]:
    """Those for every trainer."""
    return [verdict(instance, trainer, release) for trainer in TRAINERS]


def summary(found: Sequence[Verdict]) -> str:
    """The verdicts on one type in a word or two, as a list's line has room for."""
    offered = [each.trainer for each in found if each.offered]
    if not offered:
        return str(found[0].state)
    return str(State.OFFERED) if len(offered) == len(found) else f"only {', '.join(offered)}"


def _refusal(instance: InstanceType, release: Release) -> tuple[State, str] | None:
    """What keeps every trainer off a type."""
    gpu, family = instance.gpu_model, instance.family
    if instance.arch != "x86_64":
        return State.ARM, (
            f"its processor is ARM ({instance.arch}): EMR does not list {family}, and MXNet and "
            "Horovod are built for x86_64"
        )
    if not instance.gpus:
        return State.FRACTIONAL, (
            f"it has only a part of an {gpu}, which YARN cannot give to a worker as a GPU, and "
            f"EMR does not list {family}"
        )
    if instance.generation is Generation.RETIRED:
        others = " or ".join(instance.replaced_by)
        return State.RETIRED, f"EC2 has retired {family} ({gpu}): use {others}"
    if instance.emr_release is None:
        return State.NOT_IN_EMR, f"EMR does not list {instance.name} and so cannot launch it"
    problem = unsupported(release)
    if problem is not None:
        return State.RELEASE, problem
    if release < instance.emr_release:
        since = instance.emr_release
        return State.RELEASE, f"EMR launches {instance.name} since {since}, not under {release}"
    return None


def _others(instance: InstanceType) -> str:
    able = [_NAMES[trainer] for trainer, build in BUILDS.items() if instance.code_of(build)]
    return " and ".join(able)


def _caution(instance: InstanceType, trainer: str) -> str:
    said = []
    if trainer == "bag" and not instance.code_of(MXNET):
        said.append(f"bagged networks excepted, for {MXNET.name} has no code for this GPU")
    if instance.capability >= _NEW_DRIVER:
        said.append("its driver must know CUDA 12.8 and EMR documents 12.5: try one node first")
    return "".join(f"; {each}" for each in said)
