"""What EMR's API tells of clusters, steps and instances, as values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIVE = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
"""States of a cluster that takes steps, or soon will."""

NOT_ENDED = (*ACTIVE, "TERMINATING")
"""States of a cluster that costs something."""

UP = ("RUNNING", "WAITING")
"""States of a cluster whose primary node is ready."""

ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")
"""States of a cluster that costs no more."""

_UNFINISHED = ("PENDING", "RUNNING", "CANCEL_PENDING")


@dataclass(frozen=True)
class Cluster:
    """A cluster as EMR describes it.

    Parameters
    ----------
    id, name, state : str
        `j-…`, the name, one of EMR's states.
    code, message : str
        Why it is in this state; empty where EMR does not say.
    details : tuple of mapping
        Of an end with errors: `ErrorCode`, `ErrorMessage`, `ErrorData`.
    tags : mapping of str to str
        Its tags.
    logs : str or None
        URI below which EMR writes its logs.
    protected : bool
        Whether it is protected from being ended.
    step_concurrency : int
        How many of its steps run at once.
    created, ready, ended : datetime or None
        When.
    """

    id: str
    name: str
    state: str
    code: str = ""
    message: str = ""
    details: tuple[Mapping[str, Any], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    logs: str | None = None
    protected: bool = False
    step_concurrency: int = 1
    created: datetime.datetime | None = None
    ready: datetime.datetime | None = None
    ended: datetime.datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether it takes steps, or soon will."""
        return self.state in ACTIVE

    @property
    def is_up(self) -> bool:
        """Whether its primary node is ready."""
        return self.state in UP

    @property
    def has_ended(self) -> bool:
        """Whether it costs no more."""
        return self.state in ENDED


@dataclass(frozen=True)
class Step:
    """A step as EMR describes it.

    Parameters
    ----------
    id, name, state : str
        `s-…`, the name, one of EMR's states.
    arguments : tuple of str
        What it runs.
    reason, message, log_file : str
        Why it failed, as far as EMR knows; empty where it does not say.
    started, ended : datetime or None
        When.
    """

    id: str
    name: str
    state: str
    arguments: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""
    log_file: str = ""
    started: datetime.datetime | None = None
    ended: datetime.datetime | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in _UNFINISHED

    @property
    def is_done(self) -> bool:
        """Whether it has succeeded."""
        return self.state == "COMPLETED"


@dataclass(frozen=True)
class Instance:
    """An instance as EMR describes it.

    Parameters
    ----------
    id : str
        EC2's, `i-…`.
    type, market, state : str
        Its type; `ON_DEMAND` or `SPOT`; one of EMR's states.
    group : str
        The id of its fleet or group.
    reason : str
        Why it ended; empty where EMR does not say.
    created, ended : datetime or None
        When.
    """

    id: str
    type: str
    market: str
    state: str
    group: str
    reason: str = ""
    created: datetime.datetime | None = None
    ended: datetime.datetime | None = None


@dataclass(frozen=True)
class Fleet:
    """An instance fleet as EMR describes it.

    Parameters
    ----------
    id, role, state : str
        `if-…`; `MASTER`, `CORE` or `TASK`; one of EMR's states.
    wanted, provisioned : int
        Units, On-Demand and Spot together.
    message : str
        Why it is in this state; empty where EMR does not say.
    """

    id: str
    role: str
    state: str
    wanted: int
    provisioned: int
    message: str = ""


def cluster_of(said: Mapping[str, Any]) -> Cluster:
    """From `Cluster` of DescribeCluster, or an item of ListClusters, which has less."""
    status = said["Status"]
    reason, times = status.get("StateChangeReason", {}), status.get("Timeline", {})
    return Cluster(
        id=said["Id"],
        name=said["Name"],
        state=status["State"],
        code=reason.get("Code") or "",
        message=reason.get("Message") or "",
        details=tuple(status.get("ErrorDetails", ())),
        tags={each["Key"]: each["Value"] for each in said.get("Tags", ())},
        logs=_s3(said.get("LogUri")),
        protected=bool(said.get("TerminationProtected", False)),
        step_concurrency=int(said.get("StepConcurrencyLevel") or 1),
        created=times.get("CreationDateTime"),
        ready=times.get("ReadyDateTime"),
        ended=times.get("EndDateTime"),
    )


def step_of(said: Mapping[str, Any]) -> Step:
    """From `Step` of DescribeStep, or an item of ListSteps."""
    status = said["Status"]
    failure, times = status.get("FailureDetails") or {}, status.get("Timeline") or {}
    reason = status.get("StateChangeReason") or {}
    return Step(
        id=said["Id"],
        name=said["Name"],
        state=status["State"],
        arguments=tuple((said.get("Config") or {}).get("Args", ())),
        reason=failure.get("Reason") or "",
        message=failure.get("Message") or reason.get("Message") or "",
        log_file=_s3(failure.get("LogFile")) or "",
        started=times.get("StartDateTime"),
        ended=times.get("EndDateTime"),
    )


def instance_of(said: Mapping[str, Any]) -> Instance:
    """From an item of ListInstances."""
    status = said.get("Status") or {}
    times = status.get("Timeline") or {}
    return Instance(
        id=said.get("Ec2InstanceId") or said["Id"],
        type=said.get("InstanceType") or "",
        market=said.get("Market") or "",
        state=status.get("State") or "",
        group=said.get("InstanceFleetId") or said.get("InstanceGroupId") or "",
        reason=(status.get("StateChangeReason") or {}).get("Message") or "",
        created=times.get("CreationDateTime"),
        ended=times.get("EndDateTime"),
    )


def fleet_of(said: Mapping[str, Any]) -> Fleet:
    """From an item of ListInstanceFleets."""
    status = said.get("Status") or {}
    return Fleet(
        id=said["Id"],
        role=said["InstanceFleetType"],
        state=status.get("State") or "",
        wanted=_units(said, "Target"),
        provisioned=_units(said, "Provisioned"),
        message=(status.get("StateChangeReason") or {}).get("Message") or "",
    )


def _units(said: Mapping[str, Any], which: str) -> int:
    return sum(int(said.get(f"{which}{market}Capacity") or 0) for market in ("OnDemand", "Spot"))


def _s3(uri: str | None) -> str | None:
    """EMR may write s3n, which names the same place."""
    if uri is None:
        return None
    for scheme in ("s3n://", "s3a://"):
        if uri.startswith(scheme):
            return "s3://" + uri.removeprefix(scheme)
    return uri
