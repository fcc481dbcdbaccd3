"""The stacks deployed in order against a stand-in of AWS (moto, over HTTP).

Of buckets in a stack moto knows the encryption only, and it has no Image Builder: the rest is read
from the templates, in other modules.
"""

import ast
from typing import Any

import boto3
import pytest

from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.request import request
from tests.emr.clusters import samples
from tests.infra.cloudformation.templates import ROOT, load

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS..S3..BucketPolicy")


def deploy(name: str, template: str | None = None, **parameters: str) -> dict[str, str]:
    """A stack's outputs, once it is there."""
    client = boto3.client("cloudformation")
    file = ROOT / "infra" / "cloudformation" / f"{template or name}.yaml"
    client.create_stack(
        StackName=name,
        TemplateBody=file.read_text(encoding="utf-8"),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.fixture(scope="module")
def stacks(s3: str) -> dict[str, dict[str, str]]:
    """Outputs by stack; each gets what those before it have put out."""
    buckets = deploy("buckets")
    names = {key: buckets[key] for key in ("DataBucket", "LogBucket")}
    roles = deploy("roles", **names)
    arns = {key: roles[key] for key in ("ServiceRoleArn", "NodeRoleArn")}
    return {
        "buckets": buckets,
        "roles": roles,
        "network": deploy("network", **names),
        "security": deploy("security", **arns),
    }


def tags(resource: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in resource["Tags"]}


def test_a_cluster_file_launches_with_what_the_stacks_put_out(
    stacks: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, outputs in stacks.items():
        for key, output in load(name)["Outputs"].items():
            if output["Description"].startswith("EMR_ENSEMBLES_"):
                monkeypatch.setenv(output["Description"], outputs[key])
    cluster = load_cluster(str(ROOT / "conf" / "clusters" / "g4dn.yaml"))
    # Where no other test looks for clusters.
    client = boto3.client("emr", region_name="ca-central-1")
    found = client.describe_cluster(
        ClusterId=client.run_job_flow(**request(cluster, samples.artifacts()))["JobFlowId"]
    )["Cluster"]
    assert found["SecurityConfiguration"] == stacks["security"]["SecurityConfiguration"]
    assert found["ServiceRole"] == stacks["roles"]["ServiceRoleArn"]
    profile = boto3.client("iam").get_instance_profile(
        InstanceProfileName=found["Ec2InstanceAttributes"]["IamInstanceProfile"]
    )["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == [profile["InstanceProfileName"]]


def test_buckets_are_there_and_encrypted(stacks: dict[str, dict[str, str]]) -> None:
    client = boto3.client("s3")
    data, logs = (stacks["buckets"][key] for key in ("DataBucket", "LogBucket"))
    for bucket in (data, logs):
        found = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        (rule,) = found["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert stacks["buckets"]["Base"] == f"s3://{data}/emr"
    assert stacks["buckets"]["Logs"] == f"s3://{logs}/logs"


def test_the_network_is_there_and_has_a_subnet_in_each_zone(
    stacks: dict[str, dict[str, str]],
) -> None:
    client = boto3.client("ec2")
    ids = stacks["network"]["Subnets"].split(",")
    assert ids[0] == stacks["network"]["Subnet"]
    subnets = client.describe_subnets(SubnetIds=ids)["Subnets"]
    assert len({each["AvailabilityZone"] for each in subnets}) == 3
    for subnet in subnets:
        assert subnet["VpcId"] == stacks["network"]["Vpc"]
        assert tags(subnet)["for-use-with-amazon-emr-managed-policies"] == "true"
    of_vpc = [{"Name": "vpc-id", "Values": [stacks["network"]["Vpc"]]}]
    endpoints = client.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]
    assert {each["ServiceName"].rpartition(".")[2] for each in endpoints} == {"s3", "kms"}
    assert client.describe_nat_gateways(Filters=of_vpc)["NatGateways"] == []
    (log,) = client.describe_flow_logs(
        Filters=[{"Name": "resource-id", "Values": [stacks["network"]["Vpc"]]}]
    )["FlowLogs"]
    assert log["LogDestination"].endswith(stacks["buckets"]["LogBucket"])


def test_a_network_with_two_zones_and_the_internet(stacks: dict[str, dict[str, str]]) -> None:
    names = {key: stacks["buckets"][key] for key in ("DataBucket", "LogBucket")}
    options = {"Internet": "nat", "Zones": "2", "Addresses": "10.50"}
    made = deploy("network-2", "network", SourceBucket="mine", **names, **options)
    client = boto3.client("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [made["Vpc"]]}]
    (nat,) = client.describe_nat_gateways(Filters=of_vpc)["NatGateways"]
    subnets = client.describe_subnets(Filters=of_vpc)["Subnets"]
    assert {each["CidrBlock"] for each in subnets} == {
        "10.50.0.0/20",
        "10.50.16.0/20",
        "10.50.48.0/24",
    }
    assert nat["SubnetId"] not in made["Subnets"].split(",")
    (endpoint,) = client.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]
    (route,) = (
        route
        for table in client.describe_route_tables(Filters=of_vpc)["RouteTables"]
        if table["RouteTableId"] in endpoint["RouteTableIds"]
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0"
    )
    assert route["NatGatewayId"] == nat["NatGatewayId"]
    sids = [each["Sid"] for each in ast.literal_eval(endpoint["PolicyDocument"])["Statement"]]
    assert "SourceBucket" in sids
    assert "ImageBuilder" in sids


def test_certificates_switch_encryption_between_nodes_on(
    stacks: dict[str, dict[str, str]],
) -> None:
    arns = {key: stacks["roles"][key] for key in ("ServiceRoleArn", "NodeRoleArn")}
    uri = "s3://bucket/emr/certificates.zip"
    made = deploy("security-2", "security", CertificatesUri=uri, Spot="yes", **arns)
    found = {
        name: _encryption(outputs["SecurityConfiguration"])
        for name, outputs in (("with", made), ("without", stacks["security"]))
    }
    assert found["without"]["EnableInTransitEncryption"] is False
    assert "InTransitEncryptionConfiguration" not in found["without"]
    assert found["with"]["EnableInTransitEncryption"] is True
    assert found["with"]["InTransitEncryptionConfiguration"] == {
        "TLSCertificateConfiguration": {"CertificateProviderType": "PEM", "S3Object": uri}
    }
    policy = boto3.client("kms").get_key_policy(KeyId=made["DiskKeyArn"], PolicyName="default")
    assert "AWSServiceRoleForEC2Spot" in str(policy["Policy"])


def _encryption(name: str) -> dict[str, Any]:
    said = boto3.client("emr").describe_security_configuration(Name=name)["SecurityConfiguration"]
    # moto gives a stack's as Python writes it, where EMR has JSON.
    return dict(ast.literal_eval(said)["EncryptionConfiguration"])
