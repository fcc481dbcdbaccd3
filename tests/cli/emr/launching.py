"""A cluster file of a test's own, and the commands on it, in this process."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from pipeline.cli.emr import arguments
from pipeline.cli.main import main
from pipeline.emr.running.api import Emr
from tests.emr.clusters.samples import content
from tests.emr.lossy import Lossy
from tests.emr.nodes import Nodes, Time
from tests.emr.running.fake_environment import packed

REGION = "us-east-1"


@dataclass
class Launching:
    """What a test launches; its nodes are told in moto's place, which has none."""

    proxy: Lossy
    nodes: Nodes
    time: Time
    name: str
    file: Path
    base: str
    environment: Path

    def emr(self, *words: str) -> int:
        """Run `emr-ensembles emr …`."""
        return main(["emr", *words])

    def create(self, *more: str) -> int:
        """Run `emr create` of the file."""
        return self.emr("create", *self.staged(), *more)

    def staged(self) -> list[str]:
        """The arguments of `create` and `stage`."""
        words = ["--cluster", str(self.file), "--base", self.base]
        return [*words, "--environment", str(self.environment)]

    def clusters(self) -> list[Any]:
        """All of this test, asked of moto."""
        return [each for each in Emr(REGION).clusters() if self.name in each.name]

    @property
    def id(self) -> str:
        """Of the only one."""
        (found,) = self.clusters()
        return str(found.id)

    @property
    def verdicts(self) -> str:
        """Where nodes put theirs."""
        return f"{self.base}/verdicts"


def launching(
    proxy: Lossy, time: Time, directory: Path, patch: pytest.MonkeyPatch, **changes: Any
) -> Launching:
    """A cluster file whose subnet moto has, with prices."""
    logging.getLogger("pipeline").setLevel(logging.INFO)
    patch.setattr(arguments, "Emr", partial(Emr, sleep=time.sleep, clock=time.clock))
    subnet = boto3.client("ec2", region_name=REGION).describe_subnets(
        Filters=[{"Name": "availability-zone", "Values": [f"{REGION}a"]}]
    )["Subnets"][0]["SubnetId"]
    name = f"cli-{uuid.uuid4().hex[:12]}"
    prices = {"m6i.xlarge": 0.25, "g5.2xlarge": 1.5}
    file = directory / "cluster.yaml"
    file.write_text(yaml.safe_dump(content(name=name, subnets=[subnet], prices=prices, **changes)))
    return Launching(
        proxy=proxy,
        nodes=Nodes(proxy),
        time=time,
        name=name,
        file=file,
        base=f"s3://bucket/{name}",
        environment=packed(directory).path,
    )
