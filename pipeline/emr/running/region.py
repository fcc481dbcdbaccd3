"""What an account's region says of a whole cluster file, before anything is launched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pipeline.emr.clusters.sizes import node_of
from pipeline.emr.instances.launch import Region, Subnet, shortage, untold
from pipeline.emr.instances.quotas import Quota, quota_of_name
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings, FleetSettings

Told = TypeVar("Told")
Zones = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class RegionFindings:
    """What was found.

    Parameters
    ----------
    problems : tuple of str
        A sentence for each reason why the cluster cannot be launched.
    notes : tuple of str
        What is good to know.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_region(cluster: ClusterSettings, region: Region) -> RegionFindings:
    """Ask for offerings, quotas and subnets; all problems, not only the first.

    It is no promise: EC2 may be short of a type, and what already runs draws on the quotas, too.

    Raises
    ------
    EnsemblesError
        When the region does not answer. What may not be asked is a problem.
    """
    problems: list[str] = []
    notes: list[str] = []
    types = sorted({name for fleet in cluster.fleets.values() for name in fleet.types})
    zones = _asked(lambda: region.zones(types), problems)
    if zones is not None:
        _add(_of_offerings(cluster, zones, region.name), problems, notes)
    for quota, needed in _drawn(cluster, zones).items():
        value = _asked(lambda quota=quota: (region.quota(quota),), problems)  # type: ignore[misc]
        if value is not None:
            _add(_of_quota(quota, needed, value[0], region.name), problems, notes)
    subnets = _asked(lambda: region.subnets(cluster.subnets), problems)
    if subnets is not None:
        _add(_of_subnets(cluster, subnets, zones, region.name), problems, notes)
    return RegionFindings(tuple(dict.fromkeys(problems)), tuple(notes))


@dataclass(frozen=True)
class _Said:
    """A problem, or a note."""

    sentence: str
    is_problem: bool = True


def _asked(ask: Callable[[], Told], problems: list[str]) -> Told | None:
    try:
        return ask()
    except UserError as error:  # a missing right does not keep the other questions from being asked
        problems.append(str(error))
        return None


def _add(found: Iterator[_Said], problems: list[str], notes: list[str]) -> None:
    for each in found:
        (problems if each.is_problem else notes).append(each.sentence)


def _of_offerings(cluster: ClusterSettings, zones: Zones, region: str) -> Iterator[_Said]:
    for role, fleet in cluster.fleets.items():
        missing = [name for name in fleet.types if not zones[name]]
        said = f"{role}: {region} does not offer {', '.join(missing)}"
        if len(missing) == len(fleet.types):
            yield _Said(f"{said}: choose another region or type")
        elif missing:
            yield _Said(f"{said}, so only the other types are left", is_problem=False)


def _drawn(cluster: ClusterSettings, zones: Zones | None) -> dict[Quota, int]:
    """How many vCPUs the fleets draw on each quota, each with the largest type that it may get."""
    found: dict[Quota, int] = defaultdict(int)
    for fleet in cluster.fleets.values():
        largest: dict[Quota, int] = {}
        for name in fleet.types:
            quota = quota_of_name(name, spot=fleet.market == "spot")
            if quota is not None and (zones is None or zones[name]):
                cores = node_of(name, cluster.cpu_types).cores
                largest[quota] = max(largest.get(quota, 0), cores)
        for quota, cores in largest.items():
            found[quota] += cores * fleet.count
    return found


def _of_quota(quota: Quota, needed: int, value: float | None, region: str) -> Iterator[_Said]:
    if value is None:
        yield _Said(untold(quota, region), is_problem=False)
        return
    short = shortage(quota, needed, value, region)
    if short is not None:
        yield _Said(short)
        return
    yield _Said(f"{needed} of {value:.0f} vCPUs of {quota.code} ({quota.name})", is_problem=False)


def _of_subnets(
    cluster: ClusterSettings,
    found: Mapping[str, Subnet],
    zones: Zones | None,
    region: str,
) -> Iterator[_Said]:
    missing = [each for each in dict.fromkeys(cluster.subnets) if each not in found]
    for each in missing:
        yield _Said(f"subnets: {each} is not in {region}, or is another account's")
    networks = sorted({each.vpc for each in found.values()})
    if len(networks) > 1:
        yield _Said(f"subnets: they must lie in one VPC, and lie in {', '.join(networks)}")
    unfit = {each.id: reason for each in found.values() if (reason := _unfit(each, cluster, zones))}
    # EMR takes one of them for the whole cluster, so one that is fit is enough.
    is_problem = len(unfit) == len(found)
    for subnet, reason in unfit.items():
        yield _Said(f"subnets: {subnet}: {reason}", is_problem)


def _unfit(subnet: Subnet, cluster: ClusterSettings, zones: Zones | None) -> str:
    """Why a cluster cannot be in a subnet; empty where it can."""
    nodes = sum(fleet.count for fleet in cluster.fleets.values())
    reasons = []
    if subnet.free < nodes:
        reasons.append(f"it has {subnet.free} free addresses and the cluster has {nodes} nodes")
    for role, fleet in cluster.fleets.items():
        if zones is not None and _is_offered(fleet, zones) and not _has(fleet, subnet.zone, zones):
            others = sorted({zone for name in fleet.types for zone in zones[name]})
            reasons.append(
                f"its zone, {subnet.zone}, offers no type of {role}; {', '.join(others)} do"
            )
    return "; ".join(reasons)


def _is_offered(fleet: FleetSettings, zones: Zones) -> bool:
    return any(zones[name] for name in fleet.types)


def _has(fleet: FleetSettings, zone: str, zones: Zones) -> bool:
    return any(zone in zones[name] for name in fleet.types)
