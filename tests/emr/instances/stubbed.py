"""A region whose answers botocore's Stubber gives, checked against botocore's shapes."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.stub import Stubber

from pipeline.emr.instances.launch import Region


def client(service: str, region: str = "eu-west-1") -> Any:
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


class StubbedRegion(Region):
    """A region that answers only what it was told to; `done` says that all of it was asked."""

    def __init__(self) -> None:
        super().__init__("eu-west-1")
        self.stubs = {name: Stubber(client(name)) for name in ("ec2", "service-quotas")}
        for name, attribute in (("ec2", "ec2"), ("service-quotas", "service_quotas")):
            self.__dict__[attribute] = self.stubs[name].client
            self.stubs[name].activate()

    def offers(self, asked: list[str], offered: dict[str, list[str]]) -> None:
        answers = [
            {"InstanceType": name, "LocationType": "availability-zone", "Location": zone}
            for name, zones in offered.items()
            for zone in zones
        ]
        self.stubs["ec2"].add_response(
            "describe_instance_type_offerings",
            {"InstanceTypeOfferings": answers},
            {
                "LocationType": "availability-zone",
                "Filters": [{"Name": "instance-type", "Values": asked}],
            },
        )

    def has_quota(self, code: str, value: float) -> None:
        self.stubs["service-quotas"].add_response(
            "get_service_quota",
            {"Quota": {"QuotaCode": code, "Value": value}},
            {"ServiceCode": "ec2", "QuotaCode": code},
        )

    def fails(self, service: str, operation: str, code: str) -> None:
        self.stubs[service].add_client_error(operation, code, "said by AWS")

    def done(self) -> None:
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
