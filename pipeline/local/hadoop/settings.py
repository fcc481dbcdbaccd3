"""Hadoop's XML files: one directory for each node, and one for clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from pipeline.local.hadoop.shape import HadoopShape

LOOPBACK = "127.0.0.1"
# What YARN waits for by default is ten minutes: too long for a rehearsal.
_LOST_MS = 15_000
_GPU = "yarn.io/gpu"


@dataclass(frozen=True)
class Ports:
    """Those that others must know; all others are free ones, taken by the daemons themselves."""

    namenode: int
    namenode_web: int
    scheduler: int
    tracker: int
    resourcemanager: int
    admin: int
    yarn_web: int


def write(directory: Path, name: str, shape: HadoopShape, ports: Ports) -> Path:
    """Write the files of a node, or of clients and the daemons that are no nodes.

    Parameters
    ----------
    directory : Path
        The cluster's.
    name : str
        The node's, or `client`.
    shape : HadoopShape
        What a node offers.
    ports : Ports
        Where the daemons are.

    Returns
    -------
    Path
        The directory with the files.
    """
    conf = directory / "conf" / name
    conf.mkdir(parents=True, exist_ok=True)
    data = directory / "data"
    files = {
        "core-site": _core(ports, data),
        "hdfs-site": _hdfs(ports, data),
        "yarn-site": _yarn(name, shape, ports, data),
        "capacity-scheduler": _SCHEDULER,
        "resource-types": {"yarn.resource-types": _GPU} if shape.gpus_per_node else {},
        "node-resources": _resources(shape),
    }
    for file, properties in files.items():
        (conf / f"{file}.xml").write_text(_xml(properties), encoding="utf-8")
    (conf / "log4j.properties").write_text(_LOG4J, encoding="utf-8")
    return conf


def _core(ports: Ports, data: Path) -> dict[str, str]:
    return {
        "fs.defaultFS": f"hdfs://{LOOPBACK}:{ports.namenode}",
        "hadoop.tmp.dir": str(data / "tmp"),
        # Anybody on this machine is who he says he is: it is loopback.
        "hadoop.security.authentication": "simple",
    }


def _hdfs(ports: Ports, data: Path) -> dict[str, str]:
    return {
        "dfs.namenode.name.dir": f"file://{data}/namenode",
        "dfs.datanode.data.dir": f"file://{data}/datanode",
        "dfs.namenode.rpc-address": f"{LOOPBACK}:{ports.namenode}",
        "dfs.namenode.http-address": f"{LOOPBACK}:{ports.namenode_web}",
        "dfs.datanode.address": f"{LOOPBACK}:0",
        "dfs.datanode.http.address": f"{LOOPBACK}:0",
        "dfs.datanode.ipc.address": f"{LOOPBACK}:0",
        "dfs.datanode.hostname": LOOPBACK,
        "dfs.replication": "1",
        "dfs.permissions.enabled": "false",
        "dfs.namenode.safemode.extension": "0",
        "dfs.webhdfs.enabled": "true",
        # A DataNode that closes a small file asks again after this time, not after 400 ms.
        "dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "10",
    }


def _yarn(name: str, shape: HadoopShape, ports: Ports, data: Path) -> dict[str, str]:
    at = "yarn.resourcemanager"
    node = "yarn.nodemanager"
    local = data / name
    return {
        f"{at}.hostname": LOOPBACK,
        f"{at}.bind-host": LOOPBACK,
        f"{at}.address": f"{LOOPBACK}:{ports.resourcemanager}",
        f"{at}.scheduler.address": f"{LOOPBACK}:{ports.scheduler}",
        f"{at}.resource-tracker.address": f"{LOOPBACK}:{ports.tracker}",
        f"{at}.admin.address": f"{LOOPBACK}:{ports.admin}",
        f"{at}.webapp.address": f"{LOOPBACK}:{ports.yarn_web}",
        f"{at}.scheduler.class": "org.apache.hadoop.yarn.server.resourcemanager.scheduler."
        "capacity.CapacityScheduler",
        "yarn.nm.liveness-monitor.expiry-interval-ms": str(_LOST_MS),
        f"{at}.nm.liveness-monitor.interval-ms": "1000",
        f"{node}.hostname": LOOPBACK,
        f"{node}.address": f"{LOOPBACK}:0",
        f"{node}.localizer.address": f"{LOOPBACK}:0",
        f"{node}.collector-service.address": f"{LOOPBACK}:0",
        f"{node}.webapp.address": f"{LOOPBACK}:0",
        f"{node}.resource.memory-mb": str(shape.memory_per_node_mb),
        f"{node}.resource.cpu-vcores": str(shape.cores_per_node),
        f"{node}.local-dirs": str(local / "local"),
        f"{node}.log-dirs": str(local / "logs"),
        f"{node}.vmem-check-enabled": "false",
        # By default Hadoop 3.4 leaves memory to cgroups, whether there are any or not.
        f"{node}.resource.memory.enforced": "false",
        # The disk of a laptop may be nearly full without being broken.
        f"{node}.disk-health-checker.max-disk-utilization-per-disk-percentage": "99.5",
        f"{node}.remote-app-log-dir": "/var/log/hadoop-yarn/apps",
        f"{node}.env-whitelist": "JAVA_HOME,HADOOP_CONF_DIR,LANG",
        "yarn.log-aggregation-enable": "true",
        "yarn.scheduler.minimum-allocation-mb": "32",
        "yarn.scheduler.maximum-allocation-mb": str(shape.memory_per_node_mb),
        "yarn.scheduler.maximum-allocation-vcores": str(shape.cores_per_node),
        "yarn.timeline-service.enabled": "false",
    }


_SCHEDULER = {
    "yarn.scheduler.capacity.root.queues": "default",
    "yarn.scheduler.capacity.root.default.capacity": "100",
    "yarn.scheduler.capacity.maximum-am-resource-percent": "0.5",
    # Counts cores and GPUs, not memory alone.
    "yarn.scheduler.capacity.resource-calculator": (
        "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"
    ),
}

_LOG4J = """log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
"""


def _resources(shape: HadoopShape) -> dict[str, str]:
    if not shape.gpus_per_node:
        return {}
    return {f"yarn.nodemanager.resource-type.{_GPU}": str(shape.gpus_per_node)}


def _xml(properties: Mapping[str, str]) -> str:
    rows = (
        f"  <property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in properties.items()
    )
    return f'<?xml version="1.0"?>\n<configuration>\n{"".join(rows)}</configuration>\n'
