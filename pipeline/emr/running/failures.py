"""Why a cluster ended, in sentences with remedies, as far as EMR tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.emr.running.states import Cluster
from pipeline.emr.running.step_logs import ClusterLogs, Tail, tail

PARTS = {
    11: "environment.sh, which installs Python 3.11 and the packed environment",
    12: "scratch.sh, which makes the scratch directories",
    13: "ports.sh, which sets the range of ports",
    14: "cgroup.sh, which mounts the cgroup hierarchy of devices",
    15: "gpus.sh, which installs Spark's GPU discovery script",
    16: "watch.sh, which installs the unit that checks the node",
}
"""By exit code of `node.sh`, the part that failed; bootstrap/README.md has the same table."""

_NODE_SCRIPT = {
    1: "node.sh itself: the bundle could not be read, or is not the one that was staged",
    2: "node.sh was given wrong arguments",
}
_BOOTSTRAP = "read the log below, repair what it names, and create the cluster again"
_READ = "see that the instance profile may read the bucket, and that the subnet reaches S3"
_CAPACITY = (
    "EC2 has no room for the type at the moment: try again later, name further types in the fleet, "
    "or a subnet in another zone"
)
_SPOT = (
    "EC2 had no Spot capacity in time: name further types in the fleet, raise limits.spot_minutes, "
    "or set limits.spot_timeout: on_demand"
)
_QUOTA = "ask for more in Service Quotas: emr-ensembles instances check says which quota"
_TYPE = "choose another type or release: emr-ensembles instances check says what is offered"

# Codes of ErrorDetails and of StateChangeReason, as EMR's guide lists them.
_BY_CODE = {
    "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE": _BOOTSTRAP,
    "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY": _READ,
    "BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY": _READ,
    "BOOTSTRAP_FAILURE_INSUFFICIENT_DISK_SPACE_PRIMARY": "raise root_volume_gb",
    "BOOTSTRAP_FAILURE_INSUFFICIENT_DISK_SPACE_WORKER": "raise root_volume_gb",
    "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ": _CAPACITY,
    "INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY": "set primary.market: on_demand",
    "INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY": "set primary.market: on_demand",
    "VALIDATION_ERROR_SUBNET_NOT_FROM_ONE_VPC": "name subnets of one VPC",
    "VALIDATION_ERROR_SECURITY_GROUP_NOT_FROM_ONE_VPC": "name subnets of one VPC",
    "VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED": _TYPE,
    "INSTANCE_FLEET_TIMEOUT": _SPOT,
    "BOOTSTRAP_FAILURE": _BOOTSTRAP,
}
# What EMR passes on of EC2, in words of EC2's that have been the same for years.
_BY_TEXT = (
    (
        r"vcpu (capacity|limit)|VcpuLimitExceeded|MaxSpotInstanceCountExceeded|quota",
        _QUOTA,
    ),
    (r"insufficient.{0,20}capacity|InsufficientInstanceCapacity", _CAPACITY),
    (
        r"InsufficientFreeAddressesInSubnet|free addresses",
        "name a subnet with more free addresses",
    ),
    (
        r"not authori[sz]ed|UnauthorizedOperation|insufficient EC2 permissions|AccessDenied",
        "see that roles.service is EMR's service role with its rights, and that it may touch the "
        "subnet",
    ),
    (r"instance type.*not supported|not supported.*instance type", _TYPE),
)
_ON_INSTANCES = re.compile(r"\((?:including )?(i-[0-9a-f]+)(?: and (i-[0-9a-f]+))?\)")
_ACTION = re.compile(r"bootstrap action (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class BootstrapFailure:
    """A bootstrap action that failed.

    Parameters
    ----------
    instances : tuple of str
        Where, as far as EMR names them.
    action : int
        Which one, from 1 on.
    code : int or None
        What it returned; None where EMR does not say.
    """

    instances: tuple[str, ...]
    action: int
    code: int | None = None

    @property
    def sentence(self) -> str:
        """What failed where, and what the code means."""
        where = f" on {', '.join(self.instances)}" if self.instances else ""
        said = f"bootstrap action {self.action} failed{where}"
        if self.code is None:
            return said
        meaning = {**_NODE_SCRIPT, **PARTS}.get(self.code, "a command that it had not expected")
        return f"{said} with return code {self.code}: {meaning}"


def why_ended(cluster: Cluster) -> list[str]:
    """Sentences that say why a cluster ended or is ending, and what to do."""
    said = ": ".join(each for each in (cluster.code, cluster.message) if each)
    found = [said or "EMR does not say why"]
    for detail in cluster.details:
        data = ", ".join(f"{key} {value}" for key, value in _data(detail).items())
        said = f"{detail.get('ErrorCode', '')}: {detail.get('ErrorMessage', '')}"
        found.append(said + (f" ({data})" if data else ""))
    failure = bootstrap_failure(cluster)
    if failure is not None:
        found.append(failure.sentence)
    remedy = _remedy_of(cluster)
    return [*found, f"what to do: {remedy}"] if remedy else found


def another_type_may_do(cluster: Cluster) -> bool:
    """Whether a cluster ended for want of its instance types, so that others may be had."""
    return _remedy_of(cluster) in (_CAPACITY, _SPOT, _QUOTA, _TYPE)


def bootstrap_failure(cluster: Cluster) -> BootstrapFailure | None:
    """The bootstrap action that a cluster ended by; None where it was something else."""
    for detail in cluster.details:
        data = _data(detail)
        if "bootstrap-action" in data:
            on = [value for key, value in data.items() if key.endswith("instance-id")]
            code = data.get("return-code", "")
            action = _number(data["bootstrap-action"])
            return BootstrapFailure(tuple(on), action or 1, _number(code))
    match = _ACTION.search(cluster.message)
    if cluster.code != "BOOTSTRAP_FAILURE" or match is None:
        return None
    on_instances = _ON_INSTANCES.search(cluster.message)
    instances = on_instances.groups() if on_instances is not None else ()
    return BootstrapFailure(tuple(each for each in instances if each), int(match[1]))


def bootstrap_tails(cluster: Cluster, failure: BootstrapFailure, lines: int) -> list[Tail]:
    """The last lines that a failed action wrote, as far as they have arrived on S3.

    Raises
    ------
    StoreError
        When the logs cannot be read.
    """
    if cluster.logs is None:
        return []
    logs = ClusterLogs(cluster.logs, cluster.id)
    found = []
    for instance in failure.instances:
        for uri in logs.of_bootstrap(instance):
            place, _, name = uri.rpartition("/")
            if place.rpartition("/")[2] == str(failure.action) and name.startswith("std"):
                found.append(tail(uri, lines))
    return [each for each in found if each is not None and each.lines]


def _remedy_of(cluster: Cluster) -> str:
    """That of the last detail for which there is one; else of the state; empty for none."""
    told = [
        (str(each.get("ErrorCode", "")), str(each.get("ErrorMessage", "")))
        for each in reversed(cluster.details)
    ]
    remedies = (_remedy(*each) for each in (*told, (cluster.code, cluster.message)))
    return next((each for each in remedies if each), "")


def _data(detail: Mapping[str, Any]) -> dict[str, str]:
    """Names and values of a detail, but for its link to the guide."""
    found: dict[str, str] = {}
    for each in detail.get("ErrorData", ()):
        found |= {str(key): str(value) for key, value in each.items()}
    found.pop("public-doc", None)
    return found


def _remedy(code: str, message: str) -> str:
    of_text = (remedy for text, remedy in _BY_TEXT if re.search(text, message, re.IGNORECASE))
    return _BY_CODE.get(code) or next(of_text, "")


def _number(text: str) -> int | None:
    match = re.search(r"\d+", text)
    return None if match is None else int(match[0])
