"""Settings of Spark in a config with which jobs would fail as steps of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from pipeline.cli.plan.asked import Asked
from pipeline.cli.plan.shares import TASK_CPUS, TASK_GPUS, is_dynamic, task_cpus, task_gpus
from pipeline.emr.executors import Layout
from pipeline.errors import UserError
from pipeline.spark.memory import BASE_MB
from pipeline.spark.network import PORTS, PortRange, ports_of

if TYPE_CHECKING:
    from pyspark import SparkConf

KERNEL_PORTS = PortRange(32_768, 60_999)
"""From where the kernel of a node takes ports: what the bootstrap action sets."""

# What steps say themselves; spark-submit's own arguments win over settings.
_OF_STEPS = {"spark.master": "yarn", "spark.submit.deployMode": "cluster"}
_INTERPRETERS = (
    *("spark.pyspark.python", "spark.pyspark.driver.python"),
    *(
        f"{where}.{name}"
        for where in ("spark.yarn.appMasterEnv", "spark.executorEnv")
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    ),
)
_QUEUES = ("default", "root.default")
_DYNAMIC_LEAST = "spark.dynamicAllocation.minExecutors"
_DYNAMIC_MOST = "spark.dynamicAllocation.maxExecutors"


def setting_problems(asked: Asked, layout: Layout) -> Iterator[str]:
    """A sentence for each, with the setting's name and what to do."""
    yield from _of_submission(asked.spark)
    if asked.cluster.image is None:  # whose own interpreter may hold the libraries
        yield from _of_interpreters(asked.spark)
    yield from _of_tasks(asked.spark, layout)
    yield from _of_dynamic_bounds(asked, layout)
    if asked.trainers and "spark.executor.pyspark.memory" in asked.spark:
        yield (
            "spark: spark.executor.pyspark.memory: it limits the address space of Python, and "
            "mapped shards count in it: leave it out"
        )
    if asked.gangs:
        yield from _of_gangs(asked.spark, layout)


def _of_submission(spark: Mapping[str, str]) -> Iterator[str]:
    for name, own in _OF_STEPS.items():
        if spark.get(name, own).lower() != own:
            yield (
                f"spark: {name}: {spark[name]}: steps are submitted to YARN in cluster mode: leave "
                "it out"
            )
    if spark.get("spark.yarn.queue", "default") not in _QUEUES:
        yield (
            f"spark: spark.yarn.queue: {spark['spark.yarn.queue']}: the cluster has the queue "
            "default alone, and YARN refuses others: leave it out"
        )
    if "spark.submit.pyFiles" in spark:
        yield (
            "spark: spark.submit.pyFiles: it has no effect beside --py-files, by which steps bring "
            "the package: name the files in spark.yarn.dist.pyFiles"
        )


def _of_interpreters(spark: Mapping[str, str]) -> Iterator[str]:
    for name in _INTERPRETERS:
        if name in spark:
            yield (
                f"spark: {name}: {spark[name]}: it would take the place of the environment that "
                "nodes have, which holds the libraries: leave it out"
            )


def _of_tasks(spark: Mapping[str, str], layout: Layout) -> Iterator[str]:
    cpus, gpus = task_cpus(spark), task_gpus(spark)
    if cpus is None:
        yield f"spark: {TASK_CPUS}: {spark[TASK_CPUS]!r} is not a whole number above 0"
    elif cpus > layout.cores > 0:
        yield (
            f"spark: {TASK_CPUS}: {cpus}: executors have {layout.cores} cores, and Spark does not "
            f"start with tasks that need more: set it to {layout.cores} or fewer"
        )
    if gpus is not None and gpus > layout.gpus:
        yield (
            f"spark: {TASK_GPUS}: {gpus:g}: executors have {layout.gpus} GPUs, and Spark does not "
            "start with tasks that need more: leave it out"
        )


def _of_dynamic_bounds(asked: Asked, layout: Layout) -> Iterator[str]:
    least, most = asked.spark.get(_DYNAMIC_LEAST, "0"), asked.spark.get(_DYNAMIC_MOST)
    allowed = layout.executors if most is None else int(most) if most.isdecimal() else None
    jobs = [job for job in asked.jobs if is_dynamic(job, asked)]
    if not jobs or not least.isdecimal() or allowed is None:
        return  # Spark says itself what is no number
    if int(least) > allowed:
        yield (
            f"spark: {_DYNAMIC_LEAST}: {least}: Spark does not start {', '.join(jobs)} with more "
            f"than {_DYNAMIC_MOST}, which is {allowed}: lower it"
        )


def _of_gangs(spark: Mapping[str, str], layout: Layout) -> Iterator[str]:
    try:
        ports = ports_of(cast("SparkConf", spark))  # get() is all that is asked of it
    except UserError as error:
        yield f"spark: {error}"
    else:
        if ports is not None and KERNEL_PORTS not in ports:
            yield (
                f"spark: {PORTS}: {ports}: the sockets between workers get their ports from the "
                f"kernel, which hands out {KERNEL_PORTS} on nodes: set a range that holds those"
            )
    if layout.overhead_mb < BASE_MB:
        yield (
            f"spark: spark.executor.memoryOverhead: {layout.overhead_mb} MiB: an executor of a "
            f"gang takes {BASE_MB} MiB outside of the JVM's heap before there are rows: raise it, "
            "or leave it out"
        )
