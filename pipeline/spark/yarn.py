"""What YARN can give this application at most, asked of the ResourceManager."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError

from pipeline.errors import UserError
from pipeline.spark.container_memory import OVERHEAD_FACTOR, default_overhead_mb, rounded_up

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_GPU = "yarn.io/gpu"


@dataclass(frozen=True)
class Container:
    """What one container asks for.

    Parameters
    ----------
    memory_mb : int
        MiB: the JVM's heap and what is outside of it.
    cores, gpus : int
        Cores and GPUs.
    """

    memory_mb: int
    cores: int
    gpus: int


@dataclass(frozen=True)
class YarnNode:
    """A node that runs, and what is left on it beside this application's driver.

    Parameters
    ----------
    memory_mb, cores, gpus : int
        MiB, cores, GPUs.
    """

    memory_mb: int
    cores: int
    gpus: int

    def holds(self, container: Container) -> int:
        """How many containers of this shape it can hold.

        Cores count for those that ask for GPUs alone: by default YARN's scheduler looks at memory
        only, and one that knows GPUs looks at everything.
        """
        found = self.memory_mb // container.memory_mb
        if not container.gpus:
            return found
        by_cores = self.cores // container.cores
        return max(min(found, by_cores, self.gpus // container.gpus), 0)

    def __str__(self) -> str:
        return f"{self.memory_mb} MiB, {self.cores} cores, {self.gpus} GPUs"


def executor_container(spark: SparkSession) -> Container:
    """What each executor of this application asks for."""
    conf = spark.sparkContext.getConf()
    heap = int(spark.sparkContext._jsc.sc().executorMemory())
    return Container(
        memory_mb=_given(spark, heap + overhead_mb(spark, "executor", heap)),
        cores=int(conf.get("spark.executor.cores", "1")),
        gpus=int(conf.get("spark.executor.resource.gpu.amount", "0")),
    )


def driver_heap_mb(spark: SparkSession) -> int:
    """MiB of the driver's heap."""
    return int(spark.sparkContext._jsc.sc().conf().getSizeAsMb("spark.driver.memory", "1g"))


def overhead_mb(spark: SparkSession, whose: str, heap_mb: int) -> int:
    """MiB outside of the heap that a container of `driver` or `executor` has."""
    conf = spark.sparkContext._jsc.sc().conf()
    name = f"spark.{whose}.memoryOverhead"
    if conf.contains(name):
        return int(conf.getSizeAsMb(name))
    return default_overhead_mb(heap_mb, float(conf.get(f"{name}Factor", str(OVERHEAD_FACTOR))))


def room(nodes: Sequence[YarnNode], container: Container) -> int:
    """How many containers all nodes can hold, should nobody else use them.

    Raises
    ------
    UserError
        When not even one: YARN would let the application wait for ever.
    """
    found = sum(node.holds(container) for node in nodes)
    if not found:
        asked = f"{container.memory_mb} MiB (spark.executor.memory and its memoryOverhead)"
        asked += f", {container.cores} cores and {container.gpus} GPUs" if container.gpus else ""
        raise UserError(
            f"no node of YARN has room for one executor of {asked} beside this driver; the nodes "
            f"have: {'; '.join(map(str, nodes)) or 'none runs'}. Ask for less, or use larger nodes"
        )
    return found


def yarn_nodes(spark: SparkSession) -> list[YarnNode] | None:
    """The nodes that run, less what the driver has of its own; None where YARN does not say."""
    try:
        reports = _reports(spark)
    except Py4JError as error:  # a cluster that lets nobody ask
        logger.warning("YARN did not say which nodes it has: %s", error)
        return None
    return [_node(report, spark) for report in reports]


def _reports(spark: SparkSession) -> list[Any]:
    jvm: Any = spark.sparkContext._jvm
    gateway: Any = spark.sparkContext._gateway
    states = gateway.new_array(jvm.org.apache.hadoop.yarn.api.records.NodeState, 1)
    states[0] = jvm.org.apache.hadoop.yarn.api.records.NodeState.RUNNING
    client = jvm.org.apache.hadoop.yarn.client.api.YarnClient.createYarnClient()
    client.init(_configuration(spark))
    client.start()
    try:
        return list(client.getNodeReports(states))
    finally:
        client.stop()


def _node(report: Any, spark: SparkSession) -> YarnNode:
    capability = report.getCapability()
    memory, cores = int(capability.getMemorySize()), int(capability.getVirtualCores())
    at = (str(report.getNodeId().getHost()), str(report.getNodeId().getPort()))
    if at == (os.environ.get("NM_HOST"), os.environ.get("NM_PORT")):
        heap = driver_heap_mb(spark)
        memory -= _given(spark, heap + overhead_mb(spark, "driver", heap))
        cores -= int(spark.sparkContext.getConf().get("spark.driver.cores", "1"))
    return YarnNode(memory, cores, _gpus(capability))


def _configuration(spark: SparkSession) -> Any:
    jvm: Any = spark.sparkContext._jvm
    own = spark.sparkContext._jsc.hadoopConfiguration()
    return jvm.org.apache.hadoop.yarn.conf.YarnConfiguration(own)


def _given(spark: SparkSession, memory_mb: int) -> int:
    """MiB that YARN gives for those that are asked for."""
    step = _configuration(spark).get("yarn.scheduler.minimum-allocation-mb", "1")
    return rounded_up(memory_mb, int(step))


def _gpus(capability: Any) -> int:
    for found in capability.getResources():
        if found.getName() == _GPU:
            return int(found.getValue())
    return 0
