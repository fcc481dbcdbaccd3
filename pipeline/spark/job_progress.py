"""Progress of plain Spark jobs: tasks that are done, and rows that they have worked on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from pipeline.progress import Follower, Tracker, track

if TYPE_CHECKING:
    from pyspark import Accumulator, SparkContext
    from pyspark.sql import SparkSession

_GROUP_PROPERTIES = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
_counter: ContextVar[Accumulator[int] | None] = ContextVar("rows of the job", default=None)


@contextmanager
def job_progress(spark: SparkSession, task: str) -> Iterator[None]:
    """Report the tasks of all Spark jobs that this thread runs inside, as steps of a task.

    Parameters
    ----------
    spark : SparkSession
        The session.
    task : str
        What is being done. Its steps count tasks, with the metric `rows` from `rows_counter`.
    """
    context = spark.sparkContext
    before = {name: context.getLocalProperty(name) for name in _GROUP_PROPERTIES}
    group = f"progress-{uuid.uuid4().hex[:8]}"
    rows = context.accumulator(0)

    succeeded = threading.Event()

    def look(tracker: Tracker) -> None:
        done, total = _tasks(context, group)
        tracker.total = total
        if total:
            # Spark hears of the last tasks a little later than it returns.
            tracker.step(total if succeeded.is_set() else done, rows=rows.value)

    context.setJobGroup(group, task)
    token = _counter.set(rows)
    try:
        with Follower(track(task, "task"), look):
            yield
            succeeded.set()
    finally:
        _counter.reset(token)
        for name, value in before.items():
            context.setLocalProperty(name, cast(str, value))  # None is allowed, and unsets it


def rows_counter() -> Accumulator[int] | None:
    """What a task adds its rows to; None outside `job_progress`.

    For the driver, while the job is put together: the function of the task holds on to it. Rows
    arrive when their task is done, and count twice when a task is run twice.
    """
    return _counter.get()


def _tasks(context: SparkContext, group: str) -> tuple[int, int]:
    """How many tasks are done, and how many are known so far."""
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages: set[int] = {stage for job in jobs if job is not None for stage in job.stageIds}
    infos: list[Any] = [tracker.getStageInfo(stage) for stage in stages]
    known = [info for info in infos if info is not None]
    return sum(info.numCompletedTasks for info in known), sum(info.numTasks for info in known)
