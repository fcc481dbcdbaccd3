"""Whether instances can be launched: what their types allow, and what the account's region says.

Asked before anything is launched. It is no promise: EC2 may be short of a type that it offers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.emr.aws import aws_client, aws_errors
from pipeline.emr.instances.catalogue import InstanceType
from pipeline.emr.instances.quotas import Quota, quota_of
from pipeline.emr.instances.release import Release
from pipeline.emr.instances.verdict import verdicts


@dataclass(frozen=True)
class Wanted:
    """Instances to launch.

    Parameters
    ----------
    instance : InstanceType
        Of which type.
    count : int
        How many.
    """

    instance: InstanceType
    count: int = 1

    @property
    def vcpus(self) -> int:
        """What they draw on their quota."""
        return self.instance.vcpus * self.count


@dataclass(frozen=True)
class Finding:
    """What was found of one wish.

    Parameters
    ----------
    wanted : Wanted
        The wish.
    problems : tuple of str
        A sentence for each reason why it cannot be launched.
    facts : tuple of str
        What is good to know of it.
    """

    wanted: Wanted
    problems: tuple[str, ...]
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subnet:
    """A subnet of the account.

    Parameters
    ----------
    id, zone, vpc : str
        Its id, its availability zone, its network's id.
    free : int
        Addresses that nobody has.
    """

    id: str
    zone: str
    vpc: str
    free: int


class Region:
    """The answers of an account's region.

    Parameters
    ----------
    name : str or None
        Which; None: the user's own.
    """

    def __init__(self, name: str | None = None) -> None:
        self._given = name

    @cached_property
    def ec2(self) -> Any:
        """The client of EC2."""
        return aws_client("ec2", self._given)

    @cached_property
    def service_quotas(self) -> Any:
        """The client of Service Quotas."""
        return aws_client("service-quotas", self._given)

    @property
    def name(self) -> str:
        """Which region is asked."""
        return str(self.ec2.meta.region_name)

    def zones(self, names: Sequence[str]) -> dict[str, list[str]]:
        """The availability zones that offer each type; empty: the region does not."""
        found: dict[str, list[str]] = {name: [] for name in names}
        pages = self.ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": sorted(found)}],
        )
        with aws_errors("ec2:DescribeInstanceTypeOfferings", self.name):
            for page in pages:
                for offering in page["InstanceTypeOfferings"]:
                    found[offering["InstanceType"]].append(offering["Location"])
        return {name: sorted(zones) for name, zones in found.items()}

    def quota(self, quota: Quota) -> float | None:
        """The account's value of a quota; None where the region's Service Quotas has none of it."""
        client = self.service_quotas
        with aws_errors("servicequotas:GetServiceQuota", self.name):
            try:
                answer = client.get_service_quota(ServiceCode="ec2", QuotaCode=quota.code)
            except client.exceptions.NoSuchResourceException:
                return None
        return float(answer["Quota"]["Value"])

    def subnets(self, ids: Sequence[str]) -> dict[str, Subnet]:
        """Those of the subnets that are there, by id."""
        pages = self.ec2.get_paginator("describe_subnets").paginate(
            # As a filter: an id that does not exist would fail the whole question.
            Filters=[{"Name": "subnet-id", "Values": sorted(set(ids))}]
        )
        with aws_errors("ec2:DescribeSubnets", self.name):
            return {
                each["SubnetId"]: Subnet(
                    id=each["SubnetId"],
                    zone=each["AvailabilityZone"],
                    vpc=each["VpcId"],
                    free=int(each["AvailableIpAddressCount"]),
                )
                for page in pages
                for each in page["Subnets"]
            }


def shortage(quota: Quota, needed: int, value: float, region: str) -> str | None:
    """Why so many vCPUs cannot be had under a quota; None where they can."""
    if needed <= value:
        return None
    return (
        f"{needed} vCPUs are needed and the account's quota {quota.code} ({quota.name}) in "
        f"{region} is {value:.0f}: ask for more in Service Quotas"
    )


def untold(quota: Quota, region: str) -> str:
    """That nobody knows the value of a quota."""
    return f"{region} does not tell the quota {quota.code} ({quota.name})"


def check_launch(
    wishes: Sequence[Wanted],
    region: Region,
    release: Release,
    trainers: Iterable[str],
    *,
    spot: bool = False,
) -> list[Finding]:
    """Find out whether instances can be launched, all together.

    Parameters
    ----------
    wishes : sequence of Wanted
        The instances.
    region : Region
        Whom to ask; is not asked of types that are refused anyway.
    release : Release
        The cluster's.
    trainers : iterable of str
        What shall run on them; one that can run is enough.
    spot : bool
        Whether they are Spot instances.

    Raises
    ------
    UserError
        When the region cannot be asked for want of a right, a credential or a region.
    EnsemblesError
        When it does not answer.
    """
    asked = tuple(trainers)
    refused = [_refused(wish.instance, release, asked) for wish in wishes]
    left = [wish for wish, reason in zip(wishes, refused, strict=True) if reason is None]
    zones = region.zones(sorted({wish.instance.name for wish in left})) if left else {}
    offered = [wish for wish in left if zones[wish.instance.name]]
    drawn = _by_quota(offered, region, spot=spot)
    return [
        Finding(wish, (reason,)) if reason is not None else _found(wish, zones, region, drawn, spot)
        for wish, reason in zip(wishes, refused, strict=True)
    ]


@dataclass(frozen=True)
class _Drawn:
    """What wishes draw on a quota together, and its value."""

    vcpus: int
    value: float | None


def _refused(instance: InstanceType, release: Release, trainers: Sequence[str]) -> str | None:
    asked = [each for each in verdicts(instance, release) if each.trainer in trainers]
    if any(each.offered for each in asked):
        return None
    return asked[0].reason


def _by_quota(wishes: Iterable[Wanted], region: Region, *, spot: bool) -> Mapping[Quota, _Drawn]:
    needed: dict[Quota, int] = defaultdict(int)
    for wish in wishes:
        needed[quota_of(wish.instance, spot=spot)] += wish.vcpus
    return {quota: _Drawn(vcpus, region.quota(quota)) for quota, vcpus in needed.items()}


def _found(
    wish: Wanted,
    zones: Mapping[str, Sequence[str]],
    region: Region,
    drawn: Mapping[Quota, _Drawn],
    spot: bool,
) -> Finding:
    where = zones[wish.instance.name]
    if not where:
        return Finding(wish, (f"{region.name} does not offer it: choose another region or type",))
    quota = quota_of(wish.instance, spot=spot)
    facts = (f"offered in {', '.join(where)}",)
    needed, value = drawn[quota].vcpus, drawn[quota].value
    if value is None:
        return Finding(wish, (), (*facts, untold(quota, region.name)))
    short = shortage(quota, needed, value, region.name)
    if short is not None:
        return Finding(wish, (short,), facts)
    return Finding(wish, (), (*facts, f"{needed} of {value:.0f} vCPUs of {quota.code}"))
