"""What the templates' policies allow."""

import json
import re
from importlib import resources
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest

from pipeline.emr.clusters.request import CLUSTER_TAG
from tests.infra.cloudformation.templates import (
    NAMES,
    ROOT,
    Statement,
    listed,
    load,
    statements,
    text,
)

# For these IAM has no resource; and the condition keys that narrow them all the same.
WITHOUT_RESOURCE = {
    "ec2:DescribeInstanceTypeOfferings": {"aws:RequestedRegion"},
    "ec2:DescribeSubnets": {"aws:RequestedRegion"},
    "elasticmapreduce:ListClusters": {"aws:RequestedRegion"},
    "elasticmapreduce:RunJobFlow": {
        "aws:RequestedRegion",
        "aws:RequestTag/for-use-with-amazon-emr-managed-policies",
        f"aws:RequestTag/{CLUSTER_TAG}",
    },
}
# Buckets of EMR's own, for which its guide asks for actions by their beginnings.
OF_EMR = re.compile(r"arn:\$\{AWS::Partition\}:s3:::(aws157-logs-prod|prod\.[^/]*\.appinfo\.src).*")


def known_actions() -> dict[str, Any]:
    """IAM's actions, as cfn-lint has them."""
    file = resources.files(cfnlint.data.AdditionalSpecs) / "Policies.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def allowing(*names: str) -> list[Statement]:
    return [each for each in statements(*names) if each.allows]


def statement(template: str, resource: str, sid: str) -> Statement:
    (found,) = (
        each for each in statements(template) if (each.resource, each.sid) == (resource, sid)
    )
    return found


def test_no_statement_allows_an_action_by_a_wildcard() -> None:
    assert len(allowing()) > 30
    for each in allowing():
        if not all(OF_EMR.fullmatch(text(resource)) for resource in each.resources):
            assert not [action for action in each.actions if "*" in action], each
        assert "*" not in each.actions, each
        assert "s3:*" not in each.actions, each
        assert "NotAction" not in each.content, each
        assert "NotResource" not in each.content, each


def test_every_resource_is_named_unless_iam_has_none_for_the_action() -> None:
    found: set[str] = set()
    for each in allowing():
        if not each.of_itself and "*" in each.resources:
            for action in each.actions:
                assert WITHOUT_RESOURCE[action] <= set(each.conditions), each
                found.add(action)
    assert found == set(WITHOUT_RESOURCE)


@pytest.mark.parametrize("action", WITHOUT_RESOURCE)
def test_iam_has_no_resource_for_what_is_allowed_on_all(action: str) -> None:
    service, _, name = action.partition(":")
    assert known_actions()[service]["Actions"][name.lower()].get("Resources", []) == []


def test_every_action_is_one_that_iam_knows() -> None:
    known = known_actions()
    for each in statements():
        for action in each.actions:
            service, _, name = action.partition(":")
            if "*" not in name:
                assert name.lower() in known[service]["Actions"], each


def test_a_role_is_passed_to_one_service_only() -> None:
    passing = [each for each in allowing() if "iam:PassRole" in each.actions]
    assert {text(each.resources[0]) for each in passing} == {
        "Fn::GetAtt:ServiceRole.Arn",
        "Fn::GetAtt:NodeRole.Arn",
    }
    for each in passing:
        (resource,) = each.resources
        wanted = "elasticmapreduce" if text(resource).endswith("ServiceRole.Arn") else "ec2"
        assert each.conditions == {"iam:PassedToService": f"{wanted}.amazonaws.com"}


def test_only_services_may_take_a_role_and_emr_only_for_this_account() -> None:
    trusting = [each for each in allowing() if "sts:AssumeRole" in each.actions]
    assert len(trusting) == 3
    for each in trusting:
        assert set(each.content["Principal"]) == {"Service"}, each
    (of_emr,) = (each for each in trusting if each.resource == "ServiceRole")
    assert of_emr.content["Principal"]["Service"] == "elasticmapreduce.amazonaws.com"
    assert set(of_emr.conditions) == {"aws:SourceAccount", "aws:SourceArn"}


def test_service_linked_roles_are_made_for_emr_and_spot_only() -> None:
    making = [each for each in allowing() if "iam:CreateServiceLinkedRole" in each.actions]
    assert {text(each.conditions["iam:AWSServiceName"]) for each in making} == {
        "elasticmapreduce.amazonaws.com*",
        "spot.amazonaws.com",
    }


def test_nodes_write_models_verdicts_and_logs_and_nothing_else() -> None:
    written = {
        text(resource).partition(":s3:::")[2]
        for each in allowing("roles")
        if each.resource.startswith("Node")
        for action in each.actions
        if action.startswith(("s3:Put", "s3:Delete"))
        for resource in each.resources
    }
    assert written == {
        "${DataBucket}/output/*",
        "${DataBucket}/emr/verdicts/*",
        "${DataBucket}/emr/logs/*",
        "${LogBucket}/logs/*",
    }


def test_an_instance_profile_has_the_name_of_its_role() -> None:
    profile = load("roles")["Resources"]["NodeProfile"]["Properties"]
    assert profile["InstanceProfileName"] == {"Ref": "NodeRole"}
    assert profile["Roles"] == [{"Ref": "NodeRole"}]


def test_operators_may_do_what_the_commands_ask_of_aws() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("emr", "cli")
        for path in (ROOT / "pipeline" / folder).rglob("*.py")
    )
    asked = set(re.findall(r'"((?:ec2|elasticmapreduce|servicequotas):[A-Z]\w+)"', sources))
    pages = re.findall(r'_pages\(\s*"\w+",\s*"(\w+)"', sources)
    asked.update(f"elasticmapreduce:{action}" for action in pages)
    assert {"elasticmapreduce:RunJobFlow", "elasticmapreduce:ListClusters"} <= asked
    allowed = {
        action
        for each in allowing("roles")
        if each.resource == "Operators"
        for action in each.actions
    }
    assert asked - allowed == set()


def test_operators_use_clusters_by_the_tag_that_the_commands_give() -> None:
    use = statement("roles", "Operators", "UseOwn")
    assert use.conditions == {f"aws:ResourceTag/{CLUSTER_TAG}": "emr-ensembles-*"}
    for resource in use.resources:
        assert text(resource).endswith(":${AWS::Region}:${AWS::AccountId}:cluster/*")


def test_policies_are_within_what_iam_takes() -> None:
    managed = load("roles")["Resources"]["Operators"]["Properties"]["PolicyDocument"]
    # Names of buckets and roles are longer than what stands for them.
    assert len(re.sub(r"\s", "", json.dumps(managed))) < 6_144 - 1_000


def test_the_disks_key_is_used_by_clusters_and_rotated() -> None:
    key = load("security")["Resources"]["DiskKey"]["Properties"]
    assert key["EnableKeyRotation"] is True
    use = statement("security", "DiskKey", "Use")
    principals = text(use.content["Principal"]["AWS"])
    assert "Ref:ServiceRoleArn" in principals
    assert "Ref:NodeRoleArn" in principals
    grant = statement("security", "DiskKey", "LetEc2Use")
    assert grant.conditions == {"kms:GrantIsForAWSResource": "true"}


def test_no_policy_names_a_principal_of_another_account() -> None:
    for name in NAMES:
        for each in allowing(name):
            if each.kind == "AWS::EC2::VPCEndpoint":
                continue  # it narrows what roles may do, and allows nothing by itself
            principals = each.content.get("Principal", {})
            assert principals != "*", each
            for principal in listed(principals.get("AWS", [])):
                assert re.search(r"AWS::AccountId|RoleArn$", text(principal)), each
