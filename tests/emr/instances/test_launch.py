from __future__ import annotations

import pytest

from pipeline.emr.instances.catalogue import find_type
from pipeline.emr.instances.launch import Finding, Region, Wanted, check_launch
from pipeline.emr.instances.release import TARGET, Release
from pipeline.errors import EnsemblesError, UserError
from tests.emr.instances.stubbed import StubbedRegion

ON_DEMAND_G, SPOT_G = "L-DB2E81BA", "L-3819A6DF"
ON_DEMAND_P, SPOT_P = "L-417A185B", "L-7212CCBC"


@pytest.fixture
def region() -> StubbedRegion:
    return StubbedRegion()


def wanted(name: str, count: int = 1) -> Wanted:
    return Wanted(find_type(name), count)


def check(
    region: Region, *wishes: Wanted, trainer: str = "boost", spot: bool = False
) -> list[Finding]:
    return check_launch(wishes, region, TARGET, [trainer], spot=spot)


def test_a_type_that_is_offered_within_the_quota_can_be_launched_by_stubber(
    region: StubbedRegion,
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1b", "eu-west-1a"]})
    region.has_quota(ON_DEMAND_G, 16)
    [found] = check(region, wanted("g5.xlarge", 4))
    assert found.problems == ()
    assert found.facts == ("offered in eu-west-1a, eu-west-1b", f"16 of 16 vCPUs of {ON_DEMAND_G}")


def test_a_new_accounts_quota_of_0_refuses_and_says_where_to_ask_by_stubber(
    region: StubbedRegion,
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.has_quota(ON_DEMAND_G, 0)
    [found] = check(region, wanted("g5.xlarge"))
    [problem] = found.problems
    assert "4 vCPUs are needed" in problem
    assert f"{ON_DEMAND_G} (Running On-Demand G and VT instances) in eu-west-1 is 0" in problem
    assert "Service Quotas" in problem


def test_types_of_one_quota_draw_on_it_together_by_stubber(region: StubbedRegion) -> None:
    names = ["g4dn.xlarge", "g5.xlarge", "p4d.24xlarge"]
    region.offers(names, {name: ["eu-west-1a"] for name in names})
    region.has_quota(ON_DEMAND_G, 7)
    region.has_quota(ON_DEMAND_P, 96)
    found = check(region, *(wanted(name) for name in names))
    assert ["8 vCPUs are needed" in " ".join(each.problems) for each in found] == [
        True,
        True,
        False,
    ]
    assert found[2].problems == ()
    region.done()


@pytest.mark.parametrize(
    ("name", "spot", "code"),
    [
        ("gr6.4xlarge", False, ON_DEMAND_G),
        ("gr6.4xlarge", True, SPOT_G),
        ("p5.48xlarge", False, ON_DEMAND_P),
        ("p5.48xlarge", True, SPOT_P),
    ],
)
def test_spot_and_on_demand_have_quotas_of_their_own_by_stubber(
    region: StubbedRegion, name: str, spot: bool, code: str
) -> None:
    region.offers([name], {name: ["eu-west-1a"]})
    region.has_quota(code, 1000)
    [found] = check(region, wanted(name), spot=spot)
    assert found.problems == ()
    region.done()


def test_two_groups_of_one_type_are_two_wishes_by_stubber(region: StubbedRegion) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.has_quota(ON_DEMAND_G, 8)
    found = check(region, wanted("g5.xlarge"), wanted("g5.xlarge"))
    assert [each.facts[1] for each in found] == [f"8 of 8 vCPUs of {ON_DEMAND_G}"] * 2


def test_a_type_that_the_region_does_not_offer_is_refused_by_stubber(
    region: StubbedRegion,
) -> None:
    region.offers(["g5.xlarge", "g6.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.has_quota(ON_DEMAND_G, 4)  # is enough: what is not offered draws on nothing
    missing, offered = check(region, wanted("g6.xlarge"), wanted("g5.xlarge"))
    assert missing.problems == ("eu-west-1 does not offer it: choose another region or type",)
    assert offered.problems == ()


def test_of_a_type_that_is_refused_anyway_nobody_is_asked_by_stubber(
    region: StubbedRegion,
) -> None:
    found = check(region, wanted("p3.2xlarge"), wanted("g7.2xlarge"), trainer="deep")
    assert "retired" in found[0].problems[0]
    assert "MXNet 1.9.1 has no code" in found[1].problems[0]


def test_one_trainer_that_can_run_is_enough_by_stubber(region: StubbedRegion) -> None:
    region.offers(["g7.2xlarge"], {"g7.2xlarge": ["eu-west-1a"]})
    region.has_quota(ON_DEMAND_G, 8)
    [found] = check_launch([wanted("g7.2xlarge")], region, TARGET, ["boost", "deep"])
    assert found.problems == ()


def test_the_release_counts_by_stubber(region: StubbedRegion) -> None:
    [found] = check_launch([wanted("g6e.xlarge")], region, Release(7, 4, 0), ["boost"])
    assert "since emr-7.5.0" in found.problems[0]


def test_a_quota_that_the_region_does_not_tell_is_said_and_refuses_nothing_by_stubber(
    region: StubbedRegion,
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.fails("service-quotas", "get_service_quota", "NoSuchResourceException")
    [found] = check(region, wanted("g5.xlarge"))
    assert found.problems == ()
    assert any("does not tell the quota" in fact for fact in found.facts)


def test_a_missing_right_is_told_by_the_name_that_policies_use_by_stubber(
    region: StubbedRegion,
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.fails("service-quotas", "get_service_quota", "AccessDeniedException")
    with pytest.raises(UserError, match="servicequotas:GetServiceQuota in eu-west-1: not allowed"):
        check(region, wanted("g5.xlarge"))


def test_throttling_is_told_as_such_by_stubber(region: StubbedRegion) -> None:
    region.fails("ec2", "describe_instance_type_offerings", "RequestLimitExceeded")
    with pytest.raises(EnsemblesError, match=r"ec2:DescribeInstanceTypeOfferings .*throttled"):
        check(region, wanted("g5.xlarge"))


@pytest.mark.usefixtures("s3")
def test_the_offerings_of_a_region_are_asked_over_http() -> None:
    found = check_launch(
        [wanted("gr6.4xlarge"), wanted("p4d.24xlarge")],
        Region("ap-southeast-5"),
        TARGET,
        ["deep"],
    )
    assert found[0].problems == ()
    assert "ap-southeast-5" in found[0].facts[0]
    assert "does not tell the quota L-DB2E81BA" in found[0].facts[1]  # moto has none
    assert found[1].problems == ("ap-southeast-5 does not offer it: choose another region or type",)
