"""What a cluster file may not say, each with the reason, for what shall run on it.

A gang, which boosting and deep networks train in, works in step: it waits for its slowest worker
and starts over when it loses one. Bagging's replicas are independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.config.problems import dotted
from pipeline.emr.clusters.room import layout_of, nodes_by_role, nodes_of
from pipeline.emr.clusters.sizes import gpu_type, node_of
from pipeline.emr.executors import Node, fit_together
from pipeline.emr.instances.verdict import State, verdicts
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings, FleetSettings

GANGS = ("boost", "deep")
"""The trainers that need all of their workers at once."""

GPU_ROOT_VOLUME_GB = 40
"""The packed gpu environment takes 4.6 GB of it, beside the system and EMR's own drivers."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    path : tuple
        The key of the cluster file.
    sentence : str
        What is wrong, why, and what to do.
    """

    path: tuple[str | int, ...]
    sentence: str


def problems_of(cluster: ClusterSettings, trainers: Sequence[str]) -> list[Problem]:
    """Why a cluster cannot be launched, or some of the trainers cannot run on it.

    Parameters
    ----------
    cluster : ClusterSettings
        The file's content.
    trainers : sequence of str
        `bag`, `boost`, `deep`.
    """
    found = [*_of_types(cluster, trainers), *_of_markets(cluster, trainers), *_of_keys(cluster)]
    try:
        nodes = nodes_by_role(cluster)
    except UserError:  # a type whose size is not known: told above
        return found
    return [*found, *_of_evenness(cluster, trainers), *_of_room(cluster, nodes)]


def require_able(cluster: ClusterSettings, trainers: Sequence[str]) -> None:
    """Refuse trainers that a cluster was not made for and cannot run.

    Raises
    ------
    UserError
        With every reason, a line each.
    """
    found = problems_of(cluster, trainers)
    if found:
        start = f"cluster {cluster.name}"
        raise UserError(
            "\n".join(f"{start}: {dotted(each.path)}: {each.sentence}" for each in found)
        )


def _of_types(cluster: ClusterSettings, trainers: Sequence[str]) -> Iterator[Problem]:
    for role, fleet in cluster.fleets.items():
        for index, name in enumerate(fleet.types):
            path = (role, "types", index)
            if name in fleet.types[:index]:
                yield Problem(path, f"{name} stands in this list twice")
                continue
            said = list(_of_gpus(cluster, name, trainers if role != "primary" else ()))
            if not said:
                try:
                    node_of(name, cluster.cpu_types)
                except UserError as error:
                    said = [str(error)]
            yield from (Problem(path, each) for each in said)


def _of_gpus(cluster: ClusterSettings, name: str, trainers: Sequence[str]) -> Iterator[str]:
    instance = gpu_type(name)
    if instance is None:
        return
    found = verdicts(instance, cluster.emr_release)
    if found[0].state not in (State.OFFERED, State.NO_CODE):  # the type itself is refused
        yield f"{name}: {found[0].reason}"
        return
    for each in found:
        if each.trainer in trainers and not each.offered:
            yield f"{name} cannot run {each.trainer}: {each.reason}"


def _of_markets(cluster: ClusterSettings, trainers: Sequence[str]) -> Iterator[Problem]:
    if cluster.primary.market == "spot":
        yield Problem(("primary", "market"), "a cluster ends with its primary node: use on_demand")
    if cluster.core.market == "spot":
        said = "core nodes keep HDFS and the drivers: use on_demand, and Spot for task nodes"
        yield Problem(("core", "market"), said)
    gangs = [each for each in GANGS if each in trainers]
    if cluster.task is not None and cluster.task.market == "spot" and gangs:
        yield Problem(
            ("task", "market"),
            f"{' and '.join(gangs)} must not run on Spot: a gang starts over when EC2 takes one of "
            "its nodes back. Use on_demand, or leave only bag in trainers: its replicas are "
            "independent",
        )


def _of_keys(cluster: ClusterSettings) -> Iterator[Problem]:
    if cluster.primary.count != 1:
        yield Problem(("primary", "count"), "there is one primary node")
    used = {name for fleet in cluster.fleets.values() for name in fleet.types}
    for section in ("prices", "cpu_types"):
        for name in getattr(cluster, section):
            if name not in used:
                yield Problem((section, name), f"no fleet has {name}; there are: {_list(used)}")
    for name in cluster.cpu_types:
        if gpu_type(name) is not None:
            yield Problem(("cpu_types", name), f"{name} is a GPU type, whose size is known")
    if cluster.image is not None and cluster.os_release is not None:
        said = (
            f"only EMR's own image comes in releases, and image is {cluster.image}: leave one of "
            "them out"
        )
        yield Problem(("os_release",), said)
    if has_gpus(cluster) and cluster.root_volume_gb < GPU_ROOT_VOLUME_GB:
        said = f"the environment of GPU nodes needs {GPU_ROOT_VOLUME_GB} GB or more"
        yield Problem(("root_volume_gb",), said)


def has_gpus(cluster: ClusterSettings) -> bool:
    """Whether executors get GPUs."""
    return any(gpu_type(name) for fleet in cluster.workers.values() for name in fleet.types)


def _of_evenness(cluster: ClusterSettings, trainers: Sequence[str]) -> Iterator[Problem]:
    counts: dict[str, int] = {}
    for role, fleet in cluster.workers.items():
        gpus = _gpus_by_type(fleet)
        if len(set(gpus.values())) > 1:
            each = ", ".join(f"{name} has {count}" for name, count in gpus.items())
            yield Problem(
                (role, "types"),
                f"types of one fleet must have the same number of GPUs, for EC2 gives any of them: "
                f"{each}",
            )
        else:
            counts[role] = next(iter(gpus.values()))
    if len({count for count in counts.values() if count}) > 1:
        each = ", ".join(f"{role} {count}" for role, count in counts.items())
        yield Problem(
            ("task", "types"),
            f"core and task nodes with GPUs must have the same number of them ({each}): all "
            "executors are laid out alike",
        )
    yield from _of_models(cluster.workers, trainers)


def _gpus_by_type(fleet: FleetSettings) -> dict[str, int]:
    found = {name: gpu_type(name) for name in fleet.types}
    return {name: 0 if each is None else each.gpus for name, each in found.items()}


def _of_models(workers: Mapping[str, FleetSettings], trainers: Sequence[str]) -> Iterator[Problem]:
    gangs = [each for each in GANGS if each in trainers]
    found = {role: _models(fleet) for role, fleet in workers.items()}
    models = {model for of_role in found.values() for model in of_role}
    if len(models) > 1 and gangs:
        role = next((role for role, of_role in found.items() if len(of_role) > 1), "task")
        yield Problem(
            (role, "types"),
            f"{' and '.join(gangs)} must not run on different GPUs ({_list(models)}): a gang waits "
            "for the slowest. Use one model",
        )


def _models(fleet: FleetSettings) -> set[str]:
    return {each.gpu_model for name in fleet.types if (each := gpu_type(name)) is not None}


def _of_room(cluster: ClusterSettings, nodes: Mapping[str, list[Node]]) -> Iterator[Problem]:
    try:
        layout = layout_of(cluster)
    except UserError as error:
        yield Problem((max(nodes, key=lambda role: nodes[role][0].gpus), "types"), str(error))
        return
    if not fit_together(layout, 1, nodes_of(cluster)):
        yield Problem(("core", "types"), "the nodes have no room for a driver and all executors")
    driver, core = layout.driver.memory_mb, nodes["core"][0].memory_mb
    if keeps_driver_on_core(cluster) and driver > core:
        yield Problem(
            ("core", "types"),
            f"the driver stays off Spot, on core nodes, and takes {driver} MiB of their {core}: "
            "use larger ones",
        )


def keeps_driver_on_core(cluster: ClusterSettings) -> bool:
    """Whether YARN is told to put drivers on core nodes only."""
    return cluster.task is not None and cluster.task.market == "spot"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
