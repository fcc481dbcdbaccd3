"""Whether executors have the memory that their work takes, where YARN would kill them for it.

XGBoost, MXNet and mapped shards live outside of the JVM's heap, and YARN counts mapped files too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipeline import files
from pipeline.errors import UserError
from pipeline.spark.resources import GangPlan
from pipeline.spark.shards import ShardSet
from pipeline.spark.yarn import driver_heap_mb, overhead_mb

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_MIB = 2**20

BASE_MB = 800
"""MiB outside of its heap that an executor takes before there are rows, as measured on YARN.

That is what a JVM of Spark takes beyond its heap, and Python's processes with the libraries loaded.
"""


def require_memory(
    spark: SparkSession,
    plan: GangPlan,
    shards: ShardSet,
    factor: float,
    name: str,
    own_mb: int = 0,
) -> None:
    """Refuse to start a gang whose executors YARN would kill.

    Parameters
    ----------
    spark : SparkSession
        The session.
    plan : GangPlan
        The gang's layout: an executor may hold several workers.
    shards : ShardSet
        One for each worker.
    factor : float
        How many times the bytes of its shards a worker takes at most, as measured.
    name : str
        What is being trained.
    own_mb : int
        MiB that a worker takes for it, whatever its rows.

    Raises
    ------
    UserError
        With the overhead that would do.
    """
    given = _given_mb(spark)
    if given is None:
        return
    context = spark.sparkContext
    cores = int(context.getConf().get("spark.executor.cores", "1"))
    workers = max(min(cores // plan.cores, plan.workers), 1)
    largest = _largest_mb(shards, workers)
    fixed = BASE_MB + workers * own_mb
    needed = fixed + int(largest * factor)
    if given < needed:
        what = "largest shard" if workers == 1 else f"{workers} largest shards, of one executor,"
        raise UserError(
            f"{name}: the {what} has {largest} MiB; an executor takes {fixed} MiB and "
            f"{factor:g} times that outside of the JVM's heap: {needed} MiB; the executors have "
            f"{given}, and YARN would kill them. Set spark.executor.memoryOverhead to {needed}m or "
            "more, or have more executors, each with less of the rows"
        )


def tasks_at_once(spark: SparkSession) -> int:
    """How many tasks an executor runs at a time."""
    conf = spark.sparkContext.getConf()
    cores, cpus = (int(conf.get(f"spark.{name}", "1")) for name in ("executor.cores", "task.cpus"))
    return max(cores // cpus, 1)


def require_memory_of_task(spark: SparkSession, own_mb: int, name: str, tasks: int = 1) -> None:
    """Refuse tasks for which YARN would kill their executor.

    Parameters
    ----------
    spark : SparkSession
        The session.
    own_mb : int
        MiB that the task takes outside of the JVM's heap.
    name : str
        What it makes.
    tasks : int
        How many of them are in an executor at a time.

    Raises
    ------
    UserError
        With the overhead that would do.
    """
    given = _given_mb(spark)
    needed = BASE_MB + tasks * own_mb
    if given is not None and given < needed:
        raise UserError(
            f"{name}: an executor takes {needed} MiB outside of the JVM's heap for it"
            f"{f', in {tasks} tasks at a time' if tasks > 1 else ''}; the executors have {given}, "
            f"and YARN would kill them. Set spark.executor.memoryOverhead to {needed}m or more"
        )


def warn_of_drivers_memory(spark: SparkSession, own_mb: int, name: str) -> None:
    """Warn of a fit at whose end YARN may kill the driver, where that is in a container.

    It may not: what the heap does not use is there, too.

    Parameters
    ----------
    spark : SparkSession
        The session.
    own_mb : int
        MiB that what is trained takes outside of the JVM's heap, without all else that does.
    name : str
        What is trained.
    """
    context = spark.sparkContext
    mode = context.getConf().get("spark.submit.deployMode", "client")
    if context.master != "yarn" or mode != "cluster":
        return
    given = overhead_mb(spark, "driver", driver_heap_mb(spark))
    if given < own_mb:
        logger.warning(
            "%s: what is trained takes %d MiB of the driver outside of its heap; it has %d, and "
            "YARN may kill it when training ends. Set spark.driver.memoryOverhead to %dm",
            *(name, own_mb, given, own_mb + BASE_MB),
        )


def _given_mb(spark: SparkSession) -> int | None:
    """MiB outside of its heap that an executor has; None: nobody kills for it but the kernel."""
    context = spark.sparkContext
    if context.master != "yarn":
        return None
    return overhead_mb(spark, "executor", int(context._jsc.sc().executorMemory()))


def _largest_mb(shards: ShardSet, workers: int) -> int:
    """MiB of the shards, of all parts together, of those workers that have most."""
    sizes: dict[str, int] = {}
    for name, size, _ in files.stamps(shards.uri):
        _, _, place = str(name).removesuffix(".arrow").rpartition("-")
        if place.isdecimal():
            sizes[place] = sizes.get(place, 0) + int(size)
    return -(-sum(sorted(sizes.values())[-workers:]) // _MIB)
