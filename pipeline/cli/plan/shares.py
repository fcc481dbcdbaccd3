"""What each job gets of the cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.bagging import BaggingClassifier
from pipeline.bagging.learners.registry import is_spark_ml
from pipeline.cli.plan.asked import Asked, JobShare
from pipeline.emr.clusters.rules import GANGS
from pipeline.emr.executors import Layout
from pipeline.emr.steps import FIXED_SIZE
from pipeline.spark.resources import Capacity, ExecutorShape, GangPlan

DYNAMIC = "spark.dynamicAllocation.enabled"
TASK_CPUS, TASK_GPUS = "spark.task.cpus", "spark.task.resource.gpu.amount"

_NUMBER = re.compile(r"\d+(\.\d+)?")
_EPSILON = 1e-9  # three thirds of a GPU are one


def shares_of(asked: Asked, layout: Layout) -> list[JobShare]:
    """One for each job, in their order."""
    return [_share(job, asked, layout) for job in asked.jobs]


def gang_of(asked: Asked, layout: Layout) -> GangPlan | None:
    """How the driver will lay out a gang; None for one that it will refuse."""
    gpus = asked.gpus_per_worker
    size = asked.config.gang.workers or layout.executors * (layout.gpus if gpus else 1)
    capacity = capacity_of(layout)
    cores = (n for n in range(layout.cores, 0, -1) if capacity.slots(n, gpus) >= size)
    most = next(cores, 0)
    return GangPlan(size, most, gpus, None) if size and most else None


def capacity_of(layout: Layout) -> Capacity:
    """All executors."""
    return Capacity((ExecutorShape(layout.cores, layout.gpus),) * layout.executors, "the cluster")


def is_dynamic(job: str, asked: Asked) -> bool:
    """Whether executors of a job come and go."""
    given = asked.spark.get(DYNAMIC)
    if given is not None:
        return given.lower() == "true"
    # Else EMR's own default holds, unless the cluster file turns it off for its gangs.
    return job not in FIXED_SIZE and not set(GANGS) & set(asked.cluster.trainers)


def tasks_at_once(asked: Asked, layout: Layout) -> int:
    """Tasks, outside of gangs, that all executors run at once."""
    cpus, gpus = task_cpus(asked.spark), task_gpus(asked.spark)
    each = layout.cores // (cpus or 1)
    if gpus:
        each = min(each, int(layout.gpus / gpus + _EPSILON))
    return layout.executors * each


def task_cpus(spark: Mapping[str, str]) -> int | None:
    """Cores of a task; None where that is no number above 0."""
    text = spark.get(TASK_CPUS, "1")
    return int(text) or None if text.isdecimal() else None


def task_gpus(spark: Mapping[str, str]) -> float | None:
    """GPUs of a task, or its share of one; None where that is no number above 0."""
    text = spark.get(TASK_GPUS, "0")
    return float(text) or None if _NUMBER.fullmatch(text) else None


def _replicas(asked: Asked, layout: Layout) -> int:
    estimator = BaggingClassifier(**asked.config.bagging.given())
    if is_spark_ml(estimator.value("learner"), estimator.value("learners_allowed")):
        return int(estimator.value("parallelism"))
    return tasks_at_once(asked, layout)


def _share(job: str, asked: Asked, layout: Layout) -> JobShare:
    is_gang = job in asked.gangs
    return JobShare(
        job=job,
        layout=layout,
        is_dynamic=is_dynamic(job, asked),
        replicas=_replicas(asked, layout) if job == "bag" and not is_gang else None,
        is_gang=is_gang,
        gang=gang_of(asked, layout) if is_gang else None,
    )
