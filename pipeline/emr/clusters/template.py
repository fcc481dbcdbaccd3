"""A cluster file as a CloudFormation template, whose cluster is that of the request.

The request is built with a placeholder for each of the template's parameters; wherever one stands,
the template refers to its parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.parameters import PARAMETERS, SECURITY, SUBNETS, Made
from pipeline.emr.clusters.request import RECORD_TAG, Artifacts, request
from pipeline.emr.clusters.rules import has_gpus

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings

_OVERRIDES = (
    "subnets=[subnet-0]",
    "roles.service=service-role-placeholder",
    "roles.instances=instance-profile-placeholder",
    "security_configuration=security-configuration-placeholder",
)
_RECORD = "s3://placeholder/record"
_ONE_OF_A_KIND = {"MASTER": "MasterInstanceFleet", "CORE": "CoreInstanceFleet"}
# CloudFormation has no such property; without it EMR lets new nodes install security updates.
_ONLY_IN_API = "RepoUpgradeOnBoot"

_HEAD = """\
# The cluster file {name}.yaml as CloudFormation, made by `emr-ensembles emr template`, not by hand.
# `emr-ensembles emr stage --parameters` brings what nodes read to S3 and gives the parameters.
"""


def template(path: str | Path, overrides: Iterable[str] = ()) -> str:
    """The template of a cluster file, as YAML.

    Subnets, roles and the security configuration are parameters of it, so the variables that the
    file takes them from need not be set.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    cluster = load_cluster(path, [*overrides, *_OVERRIDES])
    text = yaml.dump(_template(cluster), Dumper=_Dumper, sort_keys=False, width=100)
    return _HEAD.format(name=Path(path).stem) + text


class _Dumper(yaml.SafeDumper):
    """Writes what is the same twice, rather than an alias, which CloudFormation does not read."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _template(cluster: ClusterSettings) -> dict[str, Any]:
    made = _with_placeholders(cluster)
    properties = _properties(made.request)
    properties["Tags"].append({"Key": RECORD_TAG, "Value": _RECORD})
    referring = _referring(properties, _references(made))
    referring["Instances"]["Ec2SubnetIds"] = {"Ref": SUBNETS}
    referring[SECURITY] = {
        "Fn::If": ["HasSecurityConfiguration", {"Ref": SECURITY}, {"Ref": "AWS::NoValue"}]
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"emr-ensembles: the cluster {cluster.name}",
        "Parameters": {each.name: each.declared() for each in PARAMETERS},
        "Conditions": {
            "HasSecurityConfiguration": {"Fn::Not": [{"Fn::Equals": [{"Ref": SECURITY}, ""]}]}
        },
        "Resources": {"Cluster": {"Type": "AWS::EMR::Cluster", "Properties": referring}},
        "Outputs": {"ClusterId": {"Description": "The cluster's id", "Value": {"Ref": "Cluster"}}},
    }


def _with_placeholders(cluster: ClusterSettings) -> Made:
    environment = f"emr-ensembles-{'gpu' if has_gpus(cluster) else 'cpu'}-{'0' * 12}.tar.gz"
    artifacts = Artifacts(
        node_script="s3://placeholder/node-script",
        bundle="s3://placeholder/bundle",
        bundle_sha256="a" * 64,
        environment=f"s3://placeholder/{environment}",
        environment_sha256="b" * 64,
        logs="s3://placeholder/logs",
        verdicts="s3://placeholder/verdicts",
    )
    return Made(request(cluster, artifacts), artifacts, _RECORD)


def _references(made: Made) -> dict[str, Any]:
    """By placeholder, what refers to its parameter."""
    found: dict[str, Any] = {
        each.value(made): {"Ref": each.name} for each in PARAMETERS if each.name != SUBNETS
    }
    logs = made.request["LogUri"]
    return found | {logs: {"Fn::Sub": "${Logs}/"}}


def _properties(made: Mapping[str, Any]) -> dict[str, Any]:
    """A request in CloudFormation's words."""
    found = {key: _renamed(value) for key, value in made.items() if key != _ONLY_IN_API}
    instances = found["Instances"]
    tasks = []
    for fleet in instances.pop("InstanceFleets"):
        kind = fleet.pop("InstanceFleetType")
        if kind in _ONE_OF_A_KIND:
            instances[_ONE_OF_A_KIND[kind]] = fleet
        else:
            tasks.append(fleet)
    if tasks:
        instances["TaskInstanceFleets"] = tasks
    return found


def _renamed(value: Any) -> Any:
    """Properties of a classification have another name, wherever it stands."""
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _renamed(each) for key, each in value.items()}
    if "Classification" in found:
        found["ConfigurationProperties"] = found.pop("Properties")
    return found


def _referring(value: Any, references: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_referring(each, references) for each in value]
    if isinstance(value, dict):
        return {key: _referring(each, references) for key, each in value.items()}
    return references.get(value, value) if isinstance(value, str) else value
