"""A cluster file as the request RunJobFlow of EMR's API; nothing is asked of AWS."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.emr.clusters.classifications import cluster_classifications, type_classifications
from pipeline.emr.clusters.roles import API_NAMES
from pipeline.emr.clusters.rules import has_gpus
from pipeline.emr.environment.target import directory_on_node
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings, FleetSettings, LimitSettings

CLUSTER_TAG = "emr-ensembles-cluster"
"""The tag whose value is the cluster's name."""

RECORD_TAG = "emr-ensembles-record"
"""The tag whose value is the URI of what the cluster was created from."""

# With it AWS's own policy for EMR's service role lets EMR touch what the cluster is made of.
_MANAGED_POLICIES_TAG = "for-use-with-amazon-emr-managed-policies"
_SPOT_TIMEOUTS = {"terminate": "TERMINATE_CLUSTER", "on_demand": "SWITCH_TO_ON_DEMAND"}
_ENVIRONMENT = re.compile(r"emr-ensembles-(cpu|gpu)-[0-9a-f]{12}\.tar\.gz")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ON_S3 = re.compile(r"s3://[^/]+")


@dataclass(frozen=True)
class Artifacts:
    """What a cluster's nodes read from S3 when they start, and what they write there.

    Parameters
    ----------
    node_script : str
        URI of `bootstrap/node.sh`.
    bundle, bundle_sha256 : str
        URI of what `bootstrap/bundle.sh` makes, and its sha256.
    environment, environment_sha256 : str
        URI of what `emr-ensembles env pack` makes, and its sha256.
    logs : str
        URI below which EMR writes logs.
    verdicts : str
        URI below which each node puts what it found of itself once its applications are there, as
        `<cluster id>/<instance id>.json`.
    """

    node_script: str
    bundle: str
    bundle_sha256: str
    environment: str
    environment_sha256: str
    logs: str
    verdicts: str

    @property
    def environment_file(self) -> str:
        """The name of the environment's archive."""
        return self.environment.rpartition("/")[2]

    @property
    def python(self) -> str:
        """The environment's interpreter on a node."""
        return f"{directory_on_node(self.environment_file)}/bin/python"


def request(cluster: ClusterSettings, artifacts: Artifacts) -> dict[str, Any]:
    """The arguments of RunJobFlow.

    EMR knows no token that makes a repeated request harmless. The name, which is a tag's value,
    too, ends with a hash of all that makes the cluster what it is, so that whoever repeats the
    request can look for it first.

    Parameters
    ----------
    cluster : ClusterSettings
        The file's content.
    artifacts : Artifacts
        What its nodes read.

    Raises
    ------
    UserError
        For artifacts that cannot be used.
    """
    _require_usable(cluster, artifacts)
    made: dict[str, Any] = {
        "ReleaseLabel": cluster.release,
        "Applications": [{"Name": "Hadoop"}, {"Name": "Spark"}],
        "Instances": {
            "InstanceFleets": [_fleet(cluster, role) for role in cluster.fleets],
            "Ec2SubnetIds": list(cluster.subnets),
            "KeepJobFlowAliveWhenNoSteps": True,  # it ends when it is idle
            "TerminationProtected": False,
        },
        "Configurations": cluster_classifications(cluster, artifacts.python),
        "BootstrapActions": [_bootstrap(artifacts)],
        "LogUri": artifacts.logs.rstrip("/") + "/",
        "ServiceRole": cluster.roles.service,
        "JobFlowRole": cluster.roles.instances,
        "EbsRootVolumeSize": cluster.root_volume_gb,
        "StepConcurrencyLevel": cluster.step_concurrency,
        "AutoTerminationPolicy": {"IdleTimeout": cluster.limits.idle_minutes * 60},
        **_if_set("OSReleaseLabel", cluster.os_release),
        **_image(cluster.image),
        **_if_set("SecurityConfiguration", cluster.security_configuration),
    }
    name = f"emr-ensembles-{cluster.name}-{_digest(made)}"
    tags = {**cluster.tags, CLUSTER_TAG: name, _MANAGED_POLICIES_TAG: "true"}
    return {
        "Name": name,
        **made,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def _require_usable(cluster: ClusterSettings, artifacts: Artifacts) -> None:
    for what in ("node_script", "bundle", "environment", "logs", "verdicts"):
        uri = getattr(artifacts, what)
        if not _ON_S3.match(uri):
            raise UserError(f"{what}: {uri!r} is not on S3, where nodes read and write")
    for what in ("bundle_sha256", "environment_sha256"):
        if not _SHA256.fullmatch(getattr(artifacts, what)):
            raise UserError(f"{what}: {getattr(artifacts, what)!r} is not a sha256 in hex digits")
    match = _ENVIRONMENT.fullmatch(artifacts.environment_file)
    if match is None:
        raise UserError(
            f"environment: {artifacts.environment}: not an archive of emr-ensembles env pack, "
            "whose name is emr-ensembles-<cpu|gpu>-<12 hex digits>.tar.gz"
        )
    wanted = "gpu" if has_gpus(cluster) else "cpu"
    if match[1] != wanted:
        raise UserError(
            f"cluster {cluster.name} needs the environment for {wanted} nodes, and "
            f"{artifacts.environment_file} is the one for {match[1]}: emr-ensembles env pack "
            f"--target {wanted}"
        )


def _image(image: str | None) -> dict[str, str]:
    if image is None:
        return {}
    # Who has made an image wants it as it is: updates when it boots would make nodes differ.
    return {"CustomAmiId": image, "RepoUpgradeOnBoot": "NONE"}


def _fleet(cluster: ClusterSettings, role: str) -> dict[str, Any]:
    fleet = cluster.fleets[role]
    target = "TargetSpotCapacity" if fleet.market == "spot" else "TargetOnDemandCapacity"
    return {
        "Name": role,
        "InstanceFleetType": API_NAMES[role],
        target: fleet.count,
        "InstanceTypeConfigs": [
            _type_config(cluster, role, name, place) for place, name in enumerate(fleet.types)
        ],
        "LaunchSpecifications": _launch(fleet, cluster.limits),
    }


def _type_config(cluster: ClusterSettings, role: str, name: str, place: int) -> dict[str, Any]:
    fleet = cluster.fleets[role]
    found: dict[str, Any] = {"InstanceType": name, "WeightedCapacity": 1}
    if fleet.market == "on_demand":
        found["Priority"] = float(place)
    if fleet.disk_gb is not None:
        volume = {"VolumeType": "gp3", "SizeInGB": fleet.disk_gb}
        found["EbsConfiguration"] = {"EbsBlockDeviceConfigs": [{"VolumeSpecification": volume}]}
    if role != "primary":  # it has no NodeManager
        found["Configurations"] = type_classifications(cluster, name)
    return found


def _launch(fleet: FleetSettings, limits: LimitSettings) -> dict[str, Any]:
    if fleet.market == "on_demand":
        return {"OnDemandSpecification": {"AllocationStrategy": "prioritized"}}
    return {
        "SpotSpecification": {
            "AllocationStrategy": "price-capacity-optimized",
            "TimeoutDurationMinutes": limits.spot_minutes,
            "TimeoutAction": _SPOT_TIMEOUTS[limits.spot_timeout],
        }
    }


def _bootstrap(artifacts: Artifacts) -> dict[str, Any]:
    return {
        "Name": "emr-ensembles node",
        "ScriptBootstrapAction": {
            "Path": artifacts.node_script,
            "Args": [
                *("--bundle", artifacts.bundle),
                *("--bundle-sha256", artifacts.bundle_sha256),
                *("--environment", artifacts.environment),
                *("--environment-sha256", artifacts.environment_sha256),
                *("--verdicts", artifacts.verdicts.rstrip("/")),
            ],
        },
    }


def _digest(made: Mapping[str, Any]) -> str:
    text = json.dumps(made, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _if_set(key: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {key: value}
