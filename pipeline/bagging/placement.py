"""Where replicas are trained: in parallel tasks with all rows each, or one by one by a gang.

Tasks are faster and draw exact samples, but every worker process holds all rows; a gang's workers
hold their own shard only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipeline.bagging.learners.learner import NETWORK, XGBOOST
from pipeline.errors import UserError
from pipeline.estimators.profile import Described
from pipeline.spark.resources import Capacity, capacity_of
from pipeline.spark.yarn import overhead_mb

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

Kind: TypeAlias = Literal["task", "gang"]

_MIB = 1 << 20
_LIBRARIES = 300 * _MIB  # a Python worker with its libraries, before it has rows
_EVERYWHERE = 512 * _MIB
_SHARE = 0.8  # of the memory that is free: what else a node does needs the rest
# Bytes of anonymous memory in a worker process per cell of the matrix: what was measured at the
# peak (2.5 for xgboost), doubled.
_PER_CELL = {XGBOOST: 5, NETWORK: 1}
_PER_CELL_SCIKIT = 16
_PER_ROW = 64  # draws, weights, targets, gradients, votes


@dataclass(frozen=True)
class Placement:
    """A decision.

    Parameters
    ----------
    kind : {"task", "gang"}
        Where replicas are trained.
    reason : str
        Why, as a sentence for the log and the model.
    """

    kind: Kind
    reason: str


def bytes_needed(learner: str, described: Described) -> int:
    """Memory of a worker process that holds all rows for a learner, in bytes."""
    outputs = max(len(described.label.classes), 1)
    per_cell = _PER_CELL.get(learner, _PER_CELL_SCIKIT)
    is_scikit = learner not in _PER_CELL
    cells = _cells(described, one_hot=is_scikit)
    return _LIBRARIES + cells * per_cell + described.rows * (_PER_ROW + 24 * outputs)


def _cells(described: Described, *, one_hot: bool) -> int:
    """Values that the rows hold in memory: those that are stored, or all of a dense matrix."""
    features = described.features
    if features.is_sparse:
        return 2 * described.stored  # each with its column
    if not one_hot or features.vector:
        return described.rows * features.width
    width = sum(max(len(feature.categories), 1) for feature in features.features)
    return described.rows * width


def choose(
    wanted: str, learner: str, needed: int, memory: int, *, where: str = "a worker process"
) -> Placement:
    """Decide, or refuse what cannot be.

    Parameters
    ----------
    wanted : {"auto", "task", "gang"}
        What the user asks for.
    learner : str
        What a replica is.
    needed, memory : int
        Bytes that all rows need in a worker process, and those that it may take.
    where : str
        Whose memory that is, as part of a sentence.

    Raises
    ------
    UserError
        When only a gang would do and the learner cannot be trained by one.
    """
    can_gang = learner == XGBOOST
    if wanted == "gang" and not can_gang:
        raise UserError(
            f"placement=gang: learner {learner} is trained in one process. Use xgboost or a Spark "
            "ML estimator, or placement=task"
        )
    sizes = (
        f"all rows take about {needed // _MIB:,} MiB and {where} may take {memory // _MIB:,} MiB"
    )
    if wanted != "auto":
        return Placement("gang" if wanted == "gang" else "task", f"as asked for ({sizes})")
    if needed <= memory:
        return Placement("task", sizes)
    if not can_gang:
        raise UserError(
            f"{sizes}: too little for learner {learner}, which needs all rows in one process. "
            "Use larger executors or fewer at a time (spark.task.cpus), a learner that a gang "
            "trains (xgboost, a Spark ML estimator), or placement=task to try it nevertheless"
        )
    return Placement("gang", sizes)


def memory_of_a_worker(
    spark: SparkSession, task_cpus: int, given_mb: int, needed: int
) -> tuple[int, str]:
    """Bytes that one worker process may take, and whose they are.

    Parameters
    ----------
    spark : SparkSession
        The session.
    task_cpus : int
        Cores of a task.
    given_mb : int
        What the user says, in MiB; 0: find out.
    needed : int
        Bytes that are needed: where every node has them, none is asked.

    Executors on YARN and Kubernetes are killed beyond their overhead; elsewhere the node's free
    memory is what there is, shared by the worker processes that run at once.
    """
    if given_mb:
        return given_mb * _MIB, "a worker process (worker_memory_mb)"
    capacity = capacity_of(spark)
    slots = _most_slots(capacity, task_cpus)
    if not str(spark.sparkContext.master).startswith(("spark://", "local")):
        heap = int(spark.sparkContext._jsc.sc().executorMemory())
        total = overhead_mb(spark, "executor", heap) * _MIB
        return int(total * _SHARE / slots), "a worker process (spark.executor.memoryOverhead)"
    if needed <= _EVERYWHERE:
        return _EVERYWHERE, "a worker process (of any node)"
    found = _free_memory(spark, max(capacity.slots(task_cpus, 0), 1))
    return int(found * _SHARE), "a worker process (free memory of the nodes)"


def _most_slots(capacity: Capacity, task_cpus: int) -> int:
    return max((shape.slots(task_cpus, 0) for shape in capacity.executors), default=1) or 1


def _free_memory(spark: SparkSession, slots: int) -> int:
    """The least free memory per slot over the nodes, in bytes: one short Spark job."""

    def look(_places: Iterable[int]) -> Iterator[tuple[str, int]]:
        import gc
        import socket

        import psutil

        from pipeline.bagging import replicas

        replicas.forget()  # what this process holds of an earlier fit is free for the next one
        gc.collect()
        yield socket.gethostname(), int(psutil.virtual_memory().available)

    found = spark.sparkContext.parallelize(list(range(slots)), slots).mapPartitions(look).collect()
    shares: dict[str, list[int]] = {}
    for host, free in found:
        shares.setdefault(host, []).append(free)
    return min(min(free) // len(free) for free in shares.values())
