"""Whether a gang's workers have the memory that their shards take, where YARN would kill them.

XGBoost, MXNet and mapped shards live outside of the JVM's heap, and YARN counts mapped files too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import files
from pipeline.errors import UserError
from pipeline.spark.resources import GangPlan
from pipeline.spark.shards import ShardSet
from pipeline.spark.yarn import overhead_mb

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

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
    context = spark.sparkContext
    if context.master != "yarn":
        return  # nobody kills for memory but the kernel
    heap = int(context._jsc.sc().executorMemory())
    given = overhead_mb(spark, "executor", heap)
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


def _largest_mb(shards: ShardSet, workers: int) -> int:
    """MiB of the shards, of all parts together, of those workers that have most."""
    sizes: dict[str, int] = {}
    for name, size, _ in files.stamps(shards.uri):
        _, _, place = str(name).removesuffix(".arrow").rpartition("-")
        if place.isdecimal():
            sizes[place] = sizes.get(place, 0) + int(size)
    return -(-sum(sorted(sizes.values())[-workers:]) // _MIB)
