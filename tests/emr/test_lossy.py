"""The proxy that other tests lose answers with really loses them, and only them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.emr.lossy import Loss, Lossy, lossy


@pytest.fixture
def proxy(s3: str) -> Iterator[Lossy]:
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        yield proxy


def client(service: str, proxy: Lossy) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=proxy.url, config=config, region_name="eu-west-3")


def run(emr: Any, name: str) -> str:
    instances = {"KeepJobFlowAliveWhenNoSteps": True}
    return str(
        emr.run_job_flow(Name=name, ReleaseLabel="emr-7.1.0", Instances=instances)["JobFlowId"]
    )


def named(emr: Any, name: str) -> list[str]:
    pages = emr.get_paginator("list_clusters").paginate()  # other tests make clusters, too
    return [each["Id"] for page in pages for each in page["Clusters"] if each["Name"] == name]


def test_what_is_not_lost_passes_as_it_is(proxy: Lossy) -> None:
    emr, s3, ec2 = (client(each, proxy) for each in ("emr", "s3", "ec2"))
    assert named(emr, "passes") == []
    created = run(emr, "passes")
    assert named(emr, "passes") == [created]
    s3.put_object(Bucket="bucket", Key="lossy/x", Body=b"1234")
    assert s3.get_object(Bucket="bucket", Key="lossy/x")["Body"].read() == b"1234"
    assert s3.head_object(Bucket="bucket", Key="lossy/x")["ContentLength"] == 4
    assert ec2.describe_subnets()["Subnets"]
    assert proxy.asked["RunJobFlow"] == proxy.done["RunJobFlow"] == 1
    assert proxy.asked["DescribeSubnets"] == 1


@pytest.mark.parametrize(
    ("loss", "error", "made"),
    [
        (Loss.DROPPED, ConnectionClosedError, 1),
        (Loss.FAILED, ClientError, 1),
        (Loss.THROTTLED, ClientError, 0),
        (Loss.UNHEARD, ConnectionClosedError, 0),
    ],
)
def test_an_answer_is_lost_as_it_was_told_and_only_so_often(
    proxy: Lossy, loss: Loss, error: type[Exception], made: int
) -> None:
    emr = client("emr", proxy)
    proxy.lose("RunJobFlow", loss)
    with pytest.raises(error):
        run(emr, loss.name)
    assert len(named(emr, loss.name)) == made
    run(emr, loss.name)
    assert len(named(emr, loss.name)) == made + 1


def test_what_moto_lacks_is_answered_in_its_place_and_held_against_botocores_shape(
    proxy: Lossy,
) -> None:
    emr = client("emr", proxy)
    created = run(emr, "fleets")
    fleet = {"Id": "if-1", "InstanceFleetType": "MASTER", "ProvisionedOnDemandCapacity": 1}
    proxy.answer("ListInstanceFleets", lambda asked: {"InstanceFleets": [fleet]})
    assert emr.list_instance_fleets(ClusterId=created)["InstanceFleets"] == [fleet]
    proxy.answer("ListInstanceFleets", lambda asked: {"InstanceFleets": [{"Id": 1}]})
    with pytest.raises(ClientError, match=r"(?s)NotAnAnswer.*InstanceFleets\[0\].Id"):
        emr.list_instance_fleets(ClusterId=created)


def test_what_moto_says_can_be_changed(proxy: Lossy) -> None:
    def starting(said: dict[str, Any]) -> dict[str, Any]:
        said["Cluster"]["Status"]["State"] = "STARTING"
        return said

    emr = client("emr", proxy)
    created = run(emr, "changed")
    proxy.change("DescribeCluster", starting)
    said = emr.describe_cluster(ClusterId=created)["Cluster"]
    assert (said["Name"], said["Status"]["State"]) == ("changed", "STARTING")
    assert said["Status"]["Timeline"]["CreationDateTime"].year >= 2026


def test_an_answer_is_held_back_until_the_client_has_given_up(proxy: Lossy) -> None:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=1)
    emr = boto3.client("emr", endpoint_url=proxy.url, config=config, region_name="eu-west-3")
    proxy.lose("RunJobFlow", Loss.LATE)
    with pytest.raises(ReadTimeoutError):
        run(emr, "late")
    assert len(named(client("emr", proxy), "late")) == 1


@pytest.mark.parametrize("loss", [Loss.EXPIRED, Loss.DENIED])
def test_a_refusal_is_told_and_nothing_is_done(proxy: Lossy, loss: Loss) -> None:
    emr = client("emr", proxy)
    proxy.lose("RunJobFlow", loss)
    with pytest.raises(ClientError, match=r"ExpiredToken|AccessDenied"):
        run(emr, loss.name)
    assert named(emr, loss.name) == []


def test_a_garbled_answer_has_nothing_of_what_it_should_have(proxy: Lossy) -> None:
    emr = client("emr", proxy)
    proxy.lose("RunJobFlow", Loss.GARBLED)
    with pytest.raises(KeyError, match="JobFlowId"):
        run(emr, "garbled")
    assert len(named(emr, "garbled")) == 1


def test_an_object_of_s3_can_be_lost_by_name(proxy: Lossy) -> None:
    s3 = client("s3", proxy)
    s3.put_object(Bucket="bucket", Key="lossy/lost", Body=b"1")
    proxy.lose("GetObject", Loss.FAILED)
    with pytest.raises(ClientError, match="500"):
        s3.get_object(Bucket="bucket", Key="lossy/lost")
    assert s3.get_object(Bucket="bucket", Key="lossy/lost")["Body"].read() == b"1"
    assert proxy.asked["GetObject"] == 2
