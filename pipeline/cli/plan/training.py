"""Why trainers would not run on a cluster: what it was made for, its GPUs, the size of gangs."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.bagging import BaggingClassifier
from pipeline.bagging.learners.registry import is_spark_ml
from pipeline.bagging.placement import choose
from pipeline.cli.plan.asked import Asked
from pipeline.cli.plan.shares import DYNAMIC, capacity_of, gang_of
from pipeline.config.problems import dotted
from pipeline.emr.clusters.rules import has_gpus, problems_of
from pipeline.emr.executors import Layout
from pipeline.emr.steps import FIXED_SIZE
from pipeline.errors import UserError

_GPU_AMOUNT = "spark.executor.resource.gpu.amount"


def training_problems(asked: Asked, layout: Layout) -> Iterator[str]:
    """A sentence for each reason.

    Parameters
    ----------
    asked : Asked
        What shall run where.
    layout : Layout
        Each job's.
    """
    yield from _of_cluster(asked)
    yield from _of_dynamic_allocation(asked)
    has_some = layout.executors > 0 and layout.cores > 0  # else that is told of the layout
    if asked.config.gang.device == "gpu" and not layout.gpus:
        yield _no_gpus(asked)
    elif asked.gangs and has_some and gang_of(asked, layout) is None:
        yield _too_large(asked, layout)
    yield from _of_sharded_bagging(asked)


def _of_cluster(asked: Asked) -> Iterator[str]:
    unable = problems_of(asked.cluster, asked.trainers)
    for each in unable:
        yield f"cluster: {dotted(each.path)}: {each.sentence}"
    left_out = [job for job in asked.trainers if job not in asked.cluster.trainers]
    if left_out:
        names = " and ".join(left_out)
        way = "take another cluster file" if unable else f"add {names} there"
        yield (
            f"cluster: trainers: {names} not among them ({', '.join(asked.cluster.trainers)}): "
            f"{way}, or leave {names} out of --jobs"
        )


def _of_dynamic_allocation(asked: Asked) -> Iterator[str]:
    jobs = [job for job in asked.jobs if job in FIXED_SIZE]
    if jobs and asked.spark.get(DYNAMIC, "").lower() == "true":
        yield (
            f"spark: {DYNAMIC}: true: {', '.join(jobs)} would run under it, where Spark refuses "
            "gangs and bagging counts executors that may not come: leave it out, and steps turn "
            "it off for trainers alone"
        )


def _no_gpus(asked: Asked) -> str:
    # Every job's session asks for GPUs then, not only those of gangs.
    if has_gpus(asked.cluster):
        return (
            f"spark: {_GPU_AMOUNT}: {asked.spark.get(_GPU_AMOUNT)}: executors get no GPU, and "
            "gang.device is gpu: leave it out"
        )
    return (
        f"gang.device: gpu: no core or task node of cluster {asked.cluster.name} has a GPU, and "
        "every executor would wait for one: set gang.device=cpu, or take a cluster file with GPUs"
    )


def _too_large(asked: Asked, layout: Layout) -> str:
    gpus = asked.gpus_per_worker
    each = "a core and a GPU" if gpus else "a core"
    has = f"{layout.cores} cores" + (f" and {layout.gpus} GPUs" if layout.gpus else "")
    most = capacity_of(layout).slots(1, gpus)
    return (
        f"gang.workers: {asked.config.gang.workers}: a gang of so many workers, each with {each} "
        f"at least, never fits {layout.executors} executors with {has} each: set it to {most} or "
        f"fewer, best 0 for one to {'a GPU' if gpus else 'an executor'}, or take more nodes"
    )


def _of_sharded_bagging(asked: Asked) -> Iterator[str]:
    """What bagging says when it starts, of rows that certainly are sharded."""
    estimator = BaggingClassifier(**asked.config.bagging.given())
    learner = estimator.value("learner")
    is_of_spark = is_spark_ml(learner, estimator.value("learners_allowed"))
    if "bag" not in asked.jobs or not (is_of_spark or estimator.value("placement") == "gang"):
        return
    try:
        if not is_of_spark:
            choose("gang", learner, 0, 0)
        estimator.sampling_for(is_sharded=True)
    except UserError as error:
        yield f"bagging: {error}"
