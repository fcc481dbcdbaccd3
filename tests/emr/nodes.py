"""What moto lacks of a cluster: fleets and instances, and the states that one goes through.

moto's clusters are up at once and have no nodes. The proxy answers in its place; botocore's shapes
are what such answers are held against.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from pipeline import files
from tests.emr.lossy import Lossy

CREATED = datetime.datetime(2026, 11, 29, 8, 0, tzinfo=datetime.UTC)
ROLES = {"MASTER": "m6i.xlarge", "CORE": "g5.2xlarge"}


class Nodes:
    """The nodes of all clusters behind a proxy; all is up and running until it is changed."""

    def __init__(self, proxy: Lossy, **counts: int) -> None:
        self.state: str | None = None
        self.reason: dict[str, str] = {}
        self.details: list[dict[str, Any]] = []
        self.fleet_state = "RUNNING"
        self.counts = {"MASTER": 1, "CORE": 2, **counts}
        self.provisioned = dict(self.counts)
        self.instances = [
            instance(role, number, ROLES.get(role, "g5.2xlarge"))
            for role, count in self.counts.items()
            for number in range(count)
        ]
        proxy.answer("ListInstanceFleets", lambda asked: {"InstanceFleets": self._fleets()})
        proxy.answer("ListInstances", self._instances)
        proxy.change("DescribeCluster", self._described)

    def ids(self) -> list[str]:
        return [each["Ec2InstanceId"] for each in self.instances]

    def becomes(self, state: str, code: str = "", message: str = "") -> None:
        self.state, self.reason = state, {"Code": code, "Message": message} if code else {}

    def _fleets(self) -> list[dict[str, Any]]:
        return [
            {
                "Id": f"if-{role}",
                "InstanceFleetType": role,
                "Status": {"State": self.fleet_state},
                "TargetOnDemandCapacity": count,
                "TargetSpotCapacity": 0,
                "ProvisionedOnDemandCapacity": self.provisioned[role],
                "ProvisionedSpotCapacity": 0,
            }
            for role, count in self.counts.items()
        ]

    def _instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        states = asked.get("InstanceStates")
        found = [each for each in self.instances if not states or each["Status"]["State"] in states]
        return {"Instances": found}

    def _described(self, said: dict[str, Any]) -> dict[str, Any]:
        status = said["Cluster"]["Status"]
        if self.state is not None:
            status["State"] = self.state
            status["StateChangeReason"] = self.reason
            status["ErrorDetails"] = self.details
        return said


def instance(
    role: str, number: int, name: str, market: str = "ON_DEMAND", **times: datetime.datetime
) -> dict[str, Any]:
    """A running instance as EMR lists it."""
    return {
        "Id": f"ci-{role}-{number}",
        "Ec2InstanceId": f"i-{role.lower()}{number}",
        "InstanceType": name,
        "Market": market,
        "InstanceFleetId": f"if-{role}",
        "PrivateIpAddress": f"10.0.0.{number}",
        "Status": {"State": "RUNNING", "Timeline": {"CreationDateTime": CREATED, **times}},
    }


def put_verdict(
    verdicts: str,
    cluster: str,
    node: str,
    *,
    failing: dict[str, str] | None = None,
    time: str = "2026-11-29T08:10:00Z",
) -> None:
    """Write the verdict of a node as check-node does."""
    found = failing or {}
    checks = [{"name": "applications", "ok": True, "detail": "NodeManager is running"}]
    checks += [{"name": name, "ok": False, "detail": said} for name, said in found.items()]
    content = {"node": node, "time": time, "gpu_node": False, "checks": checks, "ok": not found}
    files.write_bytes(f"{verdicts}/{cluster}/{node}.json", json.dumps(content).encode())


class Time:
    """A clock that only sleeping moves; something may happen during each sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.events: list[Callable[[], Any]] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        if self.events:
            self.events.pop(0)()
