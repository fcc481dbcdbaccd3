"""What a user should know of a plan that nothing stands against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.cli.job_config import TRAINER_OF
from pipeline.cli.plan.asked import Asked
from pipeline.cli.plan.shares import gang_of, task_gpus
from pipeline.cli.plan.uris import uri_notes
from pipeline.cli.plan.variables import secret_notes
from pipeline.cli.runs.room import wait_for_each_other
from pipeline.emr.clusters.room import types_without_price
from pipeline.emr.executors import Layout
from pipeline.estimators.functions import is_path

_INSTALLED = ("pipeline.", "pyspark.", "sklearn.")


def notes_of(asked: Asked, layout: Layout, groups: Sequence[Sequence[str]]) -> Iterator[str]:
    """A sentence for each.

    Parameters
    ----------
    asked : Asked
        What shall run where.
    layout : Layout
        Each job's.
    groups : sequence of sequence of str
        The jobs, those of one group side by side.
    """
    yield from _of_trainers(asked)
    yield from _of_gpus(asked, layout)
    yield from _of_idle_executors(asked, layout)
    yield from _of_order(asked, groups)
    yield from uri_notes(asked)
    yield from secret_notes(asked)
    yield from _of_uncounted(asked)
    yield from _of_imports(asked)
    unpriced = types_without_price(asked.cluster)
    if unpriced:
        yield (
            f"cluster: prices: none for {', '.join(unpriced)}: nobody can say what an hour costs "
            "at most"
        )


def _of_trainers(asked: Asked) -> Iterator[str]:
    left_out = [job for job in TRAINER_OF if job not in asked.jobs]
    if left_out and not asked.are_chosen:
        yield (
            f"cluster: trainers: {' and '.join(left_out)} not among them "
            f"({', '.join(asked.cluster.trainers)}), and left out"
        )


def _of_gpus(asked: Asked, layout: Layout) -> Iterator[str]:
    gang = asked.config.gang
    if not layout.gpus:
        return
    if gang.device == "gpu" and gang.gpus_per_executor != layout.gpus:
        yield (
            f"gang.gpus_per_executor: {gang.gpus_per_executor}: it has no effect, for steps give "
            f"each executor {layout.gpus}"
        )
    count = layout.executors * layout.gpus
    if asked.gangs and gang.device == "cpu":
        yield (
            f"gang.device: cpu: {' and '.join(asked.gangs)} would leave the cluster's GPUs "
            f"({count}) unused: --set gang.device=gpu"
        )
    if asked.trainers == ["bag"] and not asked.gangs and not task_gpus(asked.spark):
        yield (
            f"bagging.placement: tasks train replicas on cores, and leave the cluster's GPUs "
            f"({count}) unused: --set bagging.placement=gang --set gang.device=gpu, or take a "
            "cluster file without GPUs"
        )


def _of_idle_executors(asked: Asked, layout: Layout) -> Iterator[str]:
    gang = gang_of(asked, layout) if asked.gangs else None
    if gang is None:
        return
    each = layout.cores // gang.cores
    if gang.gpus:
        each = min(each, layout.gpus // gang.gpus)
    idle = layout.executors - -(-gang.workers // each)
    if idle > 0:
        yield (
            f"gang.workers: {gang.workers}: {idle} of {layout.executors} executors stay idle: 0 "
            "takes all"
        )


def _of_order(asked: Asked, groups: Sequence[Sequence[str]]) -> Iterator[str]:
    at_once = asked.cluster.step_concurrency
    if at_once > 1 and wait_for_each_other(groups):
        yield (
            f"cluster: step_concurrency: {at_once}: trainers run one after the other all the same, "
            "for their executors would not fit together: lower spark.executor.instances"
        )
    for group in groups:
        if len(group) > at_once > 1:
            yield f"{', '.join(group)}: {at_once} of them run at once (cluster: step_concurrency)"


def _of_uncounted(asked: Asked) -> Iterator[str]:
    cores = asked.spark.get("spark.driver.cores", "1")
    if cores != "1":
        yield f"spark: spark.driver.cores: {cores}: one is counted; the driver may find no room"
    if asked.spark.get("spark.memory.offHeap.enabled", "").lower() == "true":
        yield (
            "spark: spark.memory.offHeap.enabled: spark.memory.offHeap.size is not counted; "
            "executors may find no room"
        )


def _of_imports(asked: Asked) -> Iterator[str]:
    """What the user's own code is named for: steps bring the package alone."""
    if "spark.yarn.dist.pyFiles" in asked.spark:
        return
    config = asked.config
    named: dict[str, dict[str, str | list[str] | None]] = {
        "bag": {"bagging.learner": config.bagging.learner},
        "boost": {
            "boosting.objective": config.boosting.objective,
            "boosting.eval_metric": config.boosting.eval_metric,
        },
        "deep": {
            "deep.network": config.deep.network,
            "deep.callbacks": config.deep.callbacks,
            "text.callbacks": config.text.callbacks,
        },
    }
    for job in asked.trainers:
        for key, value in named[job].items():
            for path in [value] if isinstance(value, str) else value or []:
                if is_path(path) and not path.startswith(_INSTALLED):
                    yield (
                        f"{key}: {path}: nodes have this package and its libraries; bring other "
                        "modules by spark.yarn.dist.pyFiles"
                    )
