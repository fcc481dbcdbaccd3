"""What a region says of a cluster file, by botocore's Stubber and by moto over HTTP."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.instances.launch import Region
from pipeline.emr.running.region import check_region
from tests.emr.clusters import samples
from tests.emr.instances.stubbed import StubbedRegion

G, STANDARD, SPOT_G = "L-DB2E81BA", "L-1216C47A", "L-3819A6DF"
A, B = "eu-west-1a", "eu-west-1b"


class WholeRegion(StubbedRegion):
    """Also answers for subnets."""

    def has_subnets(self, *found: dict[str, Any]) -> None:
        every = {"VpcId": "vpc-1", "AvailabilityZone": A, "AvailableIpAddressCount": 100}
        answer = {"Subnets": [{**every, **each} for each in found]}
        self.stubs["ec2"].add_response("describe_subnets", answer)


@pytest.fixture
def region() -> WholeRegion:
    return WholeRegion()


def small(**changes: Any) -> ClusterSettings:
    return samples.cluster(subnets=["subnet-1"], **changes)


TYPES = ["g5.2xlarge", "m6i.xlarge"]


def test_a_cluster_that_fits_has_no_problems_by_stubber(region: WholeRegion) -> None:
    region.offers(TYPES, {name: [A] for name in TYPES})
    region.has_quota(STANDARD, 4)
    region.has_quota(G, 16)
    region.has_subnets({"SubnetId": "subnet-1"})
    found = check_region(small(), region)
    assert found.problems == ()
    assert f"16 of 16 vCPUs of {G} (Running On-Demand G and VT instances)" in found.notes
    region.done()


def test_every_problem_is_told_at_once_by_stubber(region: WholeRegion) -> None:
    region.offers(TYPES, {"g5.2xlarge": [B]})
    region.has_quota(G, 8)
    region.has_subnets({"SubnetId": "subnet-1", "AvailableIpAddressCount": 2})
    found = check_region(samples.cluster(subnets=["subnet-1", "subnet-2"]), region)
    assert found.problems == (
        "primary: eu-west-1 does not offer m6i.xlarge: choose another region or type",
        f"16 vCPUs are needed and the account's quota {G} (Running On-Demand G and VT instances) "
        "in eu-west-1 is 8: ask for more in Service Quotas",
        "subnets: subnet-2 is not in eu-west-1, or is another account's",
        "subnets: subnet-1: it has 2 free addresses and the cluster has 3 nodes; its zone, "
        "eu-west-1a, offers no type of core; eu-west-1b do",
    )
    region.done()


def test_of_several_types_one_that_is_offered_is_enough_by_stubber(region: WholeRegion) -> None:
    types = ["g5.2xlarge", "g6.2xlarge", "m6i.xlarge"]
    region.offers(types, {"m6i.xlarge": [A], "g6.2xlarge": [A]})
    region.has_quota(STANDARD, 4)
    region.has_quota(G, 16)
    region.has_subnets({"SubnetId": "subnet-1"})
    core = {"types": ["g5.2xlarge", "g6.2xlarge"], "count": 2}
    found = check_region(small(core=core, trainers=["bag"]), region)
    assert found.problems == ()
    assert "core: eu-west-1 does not offer g5.2xlarge, so only the other types are left" in (
        found.notes
    )


def test_fleets_draw_together_and_spot_on_its_own_quota_by_stubber(region: WholeRegion) -> None:
    types = ["g4dn.2xlarge", "g5.2xlarge", "m6i.xlarge"]
    region.offers(types, {name: [A] for name in types})
    region.has_quota(STANDARD, 4)
    region.has_quota(G, 7)  # core's 8
    region.has_quota(SPOT_G, 55)  # task's 7 x 8
    region.has_subnets({"SubnetId": "subnet-1"})
    task = {"types": ["g4dn.2xlarge", "g5.2xlarge"], "count": 7, "market": "spot"}
    cluster = small(core={"types": ["g4dn.2xlarge"]}, task=task, trainers=["bag"])
    found = check_region(cluster, region)
    assert [each.partition(" (")[0] for each in found.problems] == [
        f"8 vCPUs are needed and the account's quota {G}",
        f"56 vCPUs are needed and the account's quota {SPOT_G}",
    ]
    region.done()


def test_one_subnet_that_is_fit_is_enough_and_the_others_are_notes_by_stubber(
    region: WholeRegion,
) -> None:
    region.offers(TYPES, {name: [A] for name in TYPES})
    region.has_quota(STANDARD, 4)
    region.has_quota(G, 16)
    region.has_subnets({"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2", "AvailabilityZone": B})
    found = check_region(samples.cluster(subnets=["subnet-1", "subnet-2"]), region)
    assert found.problems == ()
    assert any(each.startswith("subnets: subnet-2: its zone") for each in found.notes)


def test_subnets_of_two_networks_are_refused_by_stubber(region: WholeRegion) -> None:
    region.offers(TYPES, {name: [A] for name in TYPES})
    region.has_quota(STANDARD, 4)
    region.has_quota(G, 16)
    region.has_subnets({"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2", "VpcId": "vpc-2"})
    found = check_region(samples.cluster(subnets=["subnet-1", "subnet-2"]), region)
    assert found.problems == ("subnets: they must lie in one VPC, and lie in vpc-1, vpc-2",)


def test_each_missing_right_is_a_problem_and_the_rest_is_asked_by_stubber(
    region: WholeRegion,
) -> None:
    region.fails("ec2", "describe_instance_type_offerings", "UnauthorizedOperation")
    region.fails("service-quotas", "get_service_quota", "AccessDeniedException")
    region.has_quota(G, 15)
    region.fails("ec2", "describe_subnets", "UnauthorizedOperation")
    problems = check_region(small(), region).problems
    assert [each.partition(" in ")[0].partition(" (")[0] for each in problems] == [
        "AWS: ec2:DescribeInstanceTypeOfferings",
        "AWS: servicequotas:GetServiceQuota",
        "16 vCPUs are needed and the account's quota L-DB2E81BA",
        "AWS: ec2:DescribeSubnets",
    ]
    region.done()


@pytest.mark.usefixtures("s3")
def test_a_region_is_asked_for_all_of_it_over_http() -> None:
    subnet = boto3.client("ec2", region_name="us-east-1").describe_subnets()["Subnets"][0]
    there = samples.cluster(subnets=[subnet["SubnetId"], "subnet-0000"])
    found = check_region(there, Region("us-east-1"))
    assert found.problems == ("subnets: subnet-0000 is not in us-east-1, or is another account's",)
