"""EMR's configuration classifications, for a whole cluster and for nodes of one type.

After AWS's guide to GPUs under Spark on YARN, docs.aws.amazon.com/emr/latest/ReleaseGuide/
emr-spark-rapids.html, without RAPIDS. A NodeManager whose GPU plugin finds no GPU does not start,
so what is for nodes with GPUs is set on their types alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.emr.clusters.room import layout_of, nodes_of
from pipeline.emr.clusters.rules import GANGS, has_gpus, keeps_driver_on_core
from pipeline.emr.clusters.sizes import node_of
from pipeline.emr.executors import INCREMENT_MB

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings

Classification: TypeAlias = dict[str, Any]

DISCOVERY_SCRIPT = "/opt/emr-ensembles/bin/discover-gpus"
"""What the bootstrap action installs on GPU nodes."""

CGROUP_ROOT, CGROUP_HIERARCHY = "/emr-ensembles-cgroup", "yarn"
"""Where the bootstrap action mounts the devices hierarchy, and its group for YARN."""

_CGROUPS = "yarn.nodemanager.linux-container-executor.cgroups"
_GPU_PLUGIN = "yarn.nodemanager.resource-plugins"
_EXECUTOR = "org.apache.hadoop.yarn.server.nodemanager.LinuxContainerExecutor"
_SCHEDULER = "yarn.scheduler.capacity"
_CALCULATOR = "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"


def cluster_classifications(cluster: ClusterSettings, python: str) -> list[Classification]:
    """Those for all nodes.

    Parameters
    ----------
    cluster : ClusterSettings
        The file's content.
    python : str
        The interpreter on the nodes.
    """
    found = [
        _classification("spark-defaults", _spark_defaults(cluster, python)),
        _classification("yarn-site", _yarn_site(cluster)),
    ]
    scheduler = _capacity_scheduler(cluster)
    if scheduler:
        found.append(_classification("capacity-scheduler", scheduler))
    return found


def type_classifications(cluster: ClusterSettings, name: str) -> list[Classification]:
    """Those for core and task nodes of a type.

    The cluster's own of `yarn-site` are repeated: it is the same then whether EMR puts these in
    their place or adds them.
    """
    node = node_of(name, cluster.cpu_types)
    site = {
        **_yarn_site(cluster),
        "yarn.nodemanager.resource.memory-mb": str(node.memory_mb),
        "yarn.nodemanager.resource.cpu-vcores": str(node.cores),
    }
    if not node.gpus:
        return [_classification("yarn-site", site)]
    cgroups = {"root": CGROUP_ROOT, "yarn-hierarchy": CGROUP_HIERARCHY}
    return [
        _classification("yarn-site", {**site, **_gpu_node()}),
        _classification(
            "container-executor",
            {},
            [
                _classification("gpu", {"module.enabled": "true"}),
                _classification("cgroups", cgroups),
            ],
        ),
    ]


def _spark_defaults(cluster: ClusterSettings, python: str) -> dict[str, str]:
    found = {
        **layout_of(cluster).settings(),
        "spark.pyspark.python": python,
        "spark.pyspark.driver.python": python,
    }
    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        found[f"spark.yarn.appMasterEnv.{name}"] = python
        found[f"spark.executorEnv.{name}"] = python
    if has_gpus(cluster):
        found["spark.executor.resource.gpu.discoveryScript"] = DISCOVERY_SCRIPT
    # EMR turns it on, and Spark refuses gangs under it.
    if any(trainer in GANGS for trainer in cluster.trainers):
        found["spark.dynamicAllocation.enabled"] = "false"
    return found


def _capacity_scheduler(cluster: ClusterSettings) -> dict[str, str]:
    found = {}
    if has_gpus(cluster):
        found[f"{_SCHEDULER}.resource-calculator"] = _CALCULATOR
    if cluster.step_concurrency > 1:
        # YARN leaves a tenth to drivers, and those of steps that run side by side may need more.
        # Which steps do is decided by whether all of their containers fit.
        found[f"{_SCHEDULER}.maximum-am-resource-percent"] = "1.0"
    return found


def _yarn_site(cluster: ClusterSettings) -> dict[str, str]:
    nodes = nodes_of(cluster)
    # What the layout is computed with: EMR's own values follow the types of nodes.
    found = {
        "yarn.scheduler.minimum-allocation-mb": str(INCREMENT_MB),
        "yarn.scheduler.maximum-allocation-mb": str(max(node.memory_mb for node in nodes)),
        "yarn.scheduler.maximum-allocation-vcores": str(max(node.cores for node in nodes)),
    }
    if has_gpus(cluster):
        found["yarn.resource-types"] = "yarn.io/gpu"
    if keeps_driver_on_core(cluster):
        # EMR's label CORE is not exclusive: executors find room on core nodes, too.
        found["yarn.node-labels.enabled"] = "true"
        found["yarn.node-labels.am.default-node-label-expression"] = "CORE"
    return found


def _gpu_node() -> dict[str, str]:
    return {
        _GPU_PLUGIN: "yarn.io/gpu",
        f"{_GPU_PLUGIN}.gpu.allowed-gpu-devices": "auto",
        f"{_GPU_PLUGIN}.gpu.path-to-discovery-executables": "/usr/bin",
        f"{_CGROUPS}.mount": "true",
        f"{_CGROUPS}.mount-path": CGROUP_ROOT,
        f"{_CGROUPS}.hierarchy": CGROUP_HIERARCHY,
        "yarn.nodemanager.container-executor.class": _EXECUTOR,
    }


def _classification(
    name: str, properties: dict[str, str], nested: list[Classification] | None = None
) -> Classification:
    found: Classification = {"Classification": name, "Properties": properties}
    if nested is not None:
        found["Configurations"] = nested
    return found
