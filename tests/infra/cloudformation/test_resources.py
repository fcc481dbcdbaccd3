"""Buckets, network and security configuration, as the templates have them."""

import ipaddress
import itertools
import re
from typing import Any

import pytest

from tests.infra.cloudformation.templates import (
    NAMES,
    ROOT,
    listed,
    load,
    resources,
    statements,
    text,
)

EMR_TAG = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}
BUCKETS = ["DataBucket", "LogBucket"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_refuses_http(bucket: str) -> None:
    (policy,) = (
        each
        for each in statements("buckets")
        if each.resource == f"{bucket}Policy" and not each.allows
    )
    assert policy.content["Principal"] == "*"
    assert policy.actions == ["s3:*"]
    assert policy.content["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert [text(each) for each in policy.resources] == [
        f"Fn::GetAtt:{bucket}.Arn",
        f"${{{bucket}.Arn}}/*",
    ]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_private_versioned_and_encrypted_and_outlives_its_stack(bucket: str) -> None:
    body = resources("buckets", "S3::Bucket")[bucket]
    properties = body["Properties"]
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AES256" in str(properties["BucketEncryption"])
    assert "BucketOwnerEnforced" in str(properties["OwnershipControls"])


def test_logs_and_old_versions_end_and_so_do_uploads_that_were_given_up() -> None:
    found = resources("buckets", "S3::Bucket")
    rules = {name: found[name]["Properties"]["LifecycleConfiguration"]["Rules"] for name in BUCKETS}
    assert rules["LogBucket"][0]["ExpirationInDays"] == {"Ref": "LogDays"}
    of_data = {rule["Id"]: rule for rule in rules["DataBucket"]}
    old = of_data["old-versions"]["NoncurrentVersionExpiration"]
    assert old == {"NoncurrentDays": {"Ref": "OldVersionDays"}}
    ending = {rule.get("Prefix") for rule in of_data.values() if "ExpirationInDays" in rule}
    assert ending == {"emr/logs/", "emr/verdicts/"}  # data, code and models stay
    for rule in (rules["LogBucket"][0], of_data["old-versions"]):
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_no_security_group_lets_the_world_in() -> None:
    for name in NAMES:
        groups = resources(name, "EC2::SecurityGroup").values()
        rules = [
            rule
            for group in groups
            for rule in listed(group["Properties"].get("SecurityGroupIngress", []))
        ]
        for rule in rules:
            assert text(rule["CidrIp"]).startswith("${Addresses}.")
            assert "CidrIpv6" not in rule
        assert not resources(name, "EC2::SecurityGroupIngress")


def test_subnets_of_clusters_are_private_and_emr_may_use_them() -> None:
    subnets = resources("network", "EC2::Subnet")
    assert EMR_TAG in resources("network", "EC2::VPC")["Vpc"]["Properties"]["Tags"]
    for name in ("SubnetA", "SubnetB", "SubnetC"):
        assert EMR_TAG in subnets[name]["Properties"]["Tags"]
    for subnet in subnets.values():
        assert subnet["Properties"]["MapPublicIpOnLaunch"] is False


def test_nothing_leads_to_the_internet_unless_it_is_asked_for() -> None:
    template = load("network")
    assert template["Parameters"]["Internet"]["Default"] == "none"
    assert template["Conditions"]["HasNat"] == {"Fn::Equals": [{"Ref": "Internet"}, "nat"]}
    for kind in ("InternetGateway", "NatGateway", "EIP", "Route"):
        found = resources("network", f"EC2::{kind}")
        assert found
        assert {each["Condition"] for each in found.values()} == {"HasNat"}


def test_subnets_lie_in_the_network_and_do_not_overlap() -> None:
    vpc, *subnets = [
        ipaddress.ip_network(text(each["Properties"]["CidrBlock"]).replace("${Addresses}", "10.42"))
        for kind in ("VPC", "Subnet")
        for each in resources("network", f"EC2::{kind}").values()
    ]
    assert len(subnets) == 4
    for subnet in subnets:
        assert vpc.supernet_of(subnet)
    for one, other in itertools.combinations(subnets, 2):
        assert not one.overlaps(other)


def test_the_way_to_s3_has_what_emr_7_starts_from() -> None:
    reached = {
        text(resource).partition(":s3:::")[2]
        for each in statements("network")
        if each.resource == "S3Endpoint"
        for resource in each.resources
    }
    assert reached >= {
        "al2023-repos-${AWS::Region}-de612dc2/*",
        "repo.${AWS::Region}.emr.amazonaws.com/*",
        "aws157-logs-prod/*",
        "aws157-logs-prod-${AWS::Region}/*",
        "prod.${AWS::Region}.appinfo.src/*",
        "${DataBucket}/*",
        "${LogBucket}/*",
    }
    assert not [each for each in reached if each.startswith("*")]


def security_configuration() -> Any:
    body = load("security")["Resources"]["Configuration"]["Properties"]
    return body["SecurityConfiguration"]


def test_disks_are_encrypted_by_a_key_and_s3_as_the_buckets_are() -> None:
    encryption = security_configuration()["EncryptionConfiguration"]
    assert encryption["EnableAtRestEncryption"] is True
    at_rest = encryption["AtRestEncryptionConfiguration"]
    assert at_rest["S3EncryptionConfiguration"] == {"EncryptionMode": "SSE-S3"}
    local = at_rest["LocalDiskEncryptionConfiguration"]
    assert local["EnableEbsEncryption"] is True
    assert text(local["AwsKmsKey"]) == "Fn::GetAtt:DiskKey.Arn"


def test_nodes_answer_for_themselves_by_imdsv2_only() -> None:
    assert security_configuration()["InstanceMetadataServiceConfiguration"] == {
        "MinimumInstanceMetadataServiceVersion": 2,
        "HttpPutResponseHopLimit": 1,
    }
    (infrastructure,) = resources("image", "ImageBuilder::InfrastructureConfiguration").values()
    assert infrastructure["Properties"]["InstanceMetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }


def test_outputs_name_every_variable_of_the_cluster_files() -> None:
    wanted = {
        variable
        for path in (ROOT / "conf" / "clusters").glob("*.yaml")
        for variable in re.findall(r"\$\{env:(\w+)", path.read_text(encoding="utf-8"))
    }
    told = {output["Description"] for name in NAMES for output in load(name)["Outputs"].values()}
    assert {"EMR_ENSEMBLES_SUBNET", "EMR_ENSEMBLES_SERVICE_ROLE"} <= wanted
    assert wanted - told == set()
