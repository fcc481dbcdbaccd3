"""Cluster files for tests, and what a cluster's nodes read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.config import validate
from pipeline.emr.clusters.request import Artifacts
from pipeline.emr.clusters.settings import ClusterSettings

ROOT = Path(__file__).parents[3]
PROFILES = sorted((ROOT / "conf" / "clusters").glob("*.yaml"))
VARIABLES = {
    "EMR_ENSEMBLES_SUBNET": "subnet-0123456789abcdef0",
    "EMR_ENSEMBLES_SERVICE_ROLE": "emr-ensembles-service",
    "EMR_ENSEMBLES_INSTANCE_PROFILE": "emr-ensembles-instances",
}


def content(**changes: Any) -> dict[str, Any]:
    """The smallest GPU cluster, with keys in the place of its own; None leaves a key out."""
    found = {
        "name": "small",
        "release": "emr-7.14.0",
        "subnets": ["subnet-1", "subnet-2"],
        "roles": {"service": "service", "instances": "instances"},
        "primary": {"types": ["m6i.xlarge"]},
        "core": {"types": ["g5.2xlarge"], "count": 2},
        **changes,
    }
    return {key: value for key, value in found.items() if value is not None}


def cluster(**changes: Any) -> ClusterSettings:
    return validate(ClusterSettings, content(**changes), "cluster")


def artifacts(target: str = "gpu") -> Artifacts:
    return Artifacts(
        node_script="s3://bucket/code/node.sh",
        bundle="s3://bucket/code/emr-ensembles-bootstrap-0123456789ab.tar.gz",
        bundle_sha256="0" * 64,
        environment=f"s3://bucket/code/emr-ensembles-{target}-0123456789ab.tar.gz",
        environment_sha256="1" * 64,
        logs="s3://bucket/logs",
        verdicts="s3://bucket/verdicts",
    )
