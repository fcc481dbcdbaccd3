"""What differs between two accounts, or two stagings, of one cluster: a template's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.emr.clusters.request import Artifacts

_SHA256 = "[0-9a-f]{64}"
_URI = "s3://[^/]+(/.*[^/])?"


@dataclass(frozen=True)
class Made:
    """A request, and what it was made with.

    Parameters
    ----------
    request : mapping
        The arguments of RunJobFlow.
    artifacts : Artifacts
        What the cluster's nodes read.
    record : str
        URI of the cluster's record.
    """

    request: Mapping[str, Any]
    artifacts: Artifacts
    record: str


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Parameters
    ----------
    name, description : str
        As the template has them.
    pattern : str
        What a value looks like, a regular expression; empty where its type says it.
    value : callable
        What it is for a request.
    type : str
        CloudFormation's.
    default : str, optional
        Where nobody gives it.
    """

    name: str
    description: str
    pattern: str
    value: Callable[[Made], str]
    type: str = "String"
    default: str | None = None

    def declared(self) -> dict[str, Any]:
        """As a template declares it."""
        found = {"Type": self.type, "Description": self.description}
        if self.default is not None:
            found["Default"] = self.default
        if self.pattern:
            found["AllowedPattern"] = f"^{self.pattern}$"
        return found


SUBNETS, SECURITY = "Subnets", "SecurityConfiguration"

PARAMETERS = (
    Parameter(
        "ClusterName",
        "The cluster's name, by which emr-ensembles finds it",
        "emr-ensembles-[A-Za-z0-9_.-]+",
        lambda made: str(made.request["Name"]),
    ),
    Parameter(
        SUBNETS,
        "EMR takes the one whose zone has the instances",
        "",
        lambda made: ",".join(made.request["Instances"]["Ec2SubnetIds"]),
        "List<AWS::EC2::Subnet::Id>",
    ),
    Parameter(
        "ServiceRole",
        "Name of the role with which EMR launches and ends instances",
        ".+",
        lambda made: str(made.request["ServiceRole"]),
    ),
    Parameter(
        "InstanceProfile",
        "Name of the instance profile with which nodes read and write S3",
        ".+",
        lambda made: str(made.request["JobFlowRole"]),
    ),
    Parameter(
        SECURITY,
        "Name of a security configuration of EMR; empty for none",
        ".*",
        lambda made: str(made.request.get(SECURITY, "")),
        default="",
    ),
    Parameter(
        "NodeScript", "URI of bootstrap/node.sh", _URI, lambda made: made.artifacts.node_script
    ),
    Parameter("Bundle", "URI of what it installs", _URI, lambda made: made.artifacts.bundle),
    Parameter(
        "BundleSha256", "sha256 of Bundle", _SHA256, lambda made: made.artifacts.bundle_sha256
    ),
    Parameter(
        "Environment",
        "URI of the packed Python environment",
        r"s3://.+/emr-ensembles-(cpu|gpu)-[0-9a-f]{12}\.tar\.gz",
        lambda made: made.artifacts.environment,
    ),
    Parameter(
        "EnvironmentSha256",
        "sha256 of Environment",
        _SHA256,
        lambda made: made.artifacts.environment_sha256,
    ),
    Parameter(
        "Python",
        "The environment's interpreter on a node",
        "/.+/python",
        lambda made: made.artifacts.python,
    ),
    Parameter(
        "Logs",
        "URI below which EMR writes logs",
        _URI,
        lambda made: made.artifacts.logs.rstrip("/"),
    ),
    Parameter(
        "Verdicts",
        "URI below which nodes put what they found",
        _URI,
        lambda made: made.artifacts.verdicts.rstrip("/"),
    ),
    Parameter("Record", "URI of the cluster's record", _URI, lambda made: made.record),
)
"""All of them, in a template's order."""


def parameter_values(made: Made) -> dict[str, str]:
    """The values by which a template's cluster is that of a request."""
    return {each.name: each.value(made) for each in PARAMETERS}
