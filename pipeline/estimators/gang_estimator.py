"""What estimators that train with a gang share: its layout, its run, the measures of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar

from pipeline.estimators.estimator import EnsembleEstimator, FitJob
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import GangParams
from pipeline.progress import Tracker, track
from pipeline.spark.collectives import CollectiveName
from pipeline.spark.events import Event
from pipeline.spark.gang import GangLimits, run_gang, wait_for_executors
from pipeline.spark.memory import require_memory
from pipeline.spark.resources import GangPlan, plan_gang

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.spark.worker import Worker

logger = logging.getLogger(__name__)

Step: TypeAlias = Literal["round", "epoch", "replica"]
M = TypeVar("M", bound=EnsembleModel)


class GangEstimator(EnsembleEstimator[M, GangPlan], GangParams):
    """An estimator whose shards are one per worker of a gang.

    Attributes
    ----------
    memory_factor : float
        How many times the bytes of its shards a worker takes at most, as measured.
    """

    memory_factor: ClassVar[float]

    def own_mb(self, plan: GangPlan) -> int:
        """MiB of the host that each worker of a gang takes for what it trains, where that is much.

        Not those for its shards.
        """
        return 0

    def shard_factor(self) -> float:
        """How many times the bytes of its shards a worker takes; `memory_factor`, or more."""
        return self.memory_factor

    def _lay_out(self, spark: SparkSession) -> GangPlan:
        plan = plan_gang(spark, self.value("numWorkers"), self.gpus_per_worker)
        wait_for_executors(spark, plan, self.model_class.kind, self.gang_limits.wait_s)
        return plan

    def _shard_count(self, spark: SparkSession, layout: GangPlan) -> int:
        return layout.workers

    def _run_gang(
        self,
        job: FitJob[GangPlan],
        work: Callable[[Worker], dict[str, Any]],
        *,
        collective: CollectiveName,
        step: Step,
        most: int,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        name = self.model_class.kind
        factor, own_mb = self.shard_factor(), self.own_mb(job.layout)
        require_memory(job.spark, job.layout, job.shards, factor, name, own_mb=own_mb)
        return run_tracked_gang(
            job.spark,
            job.layout,
            work,
            name=name,
            collective=collective,
            limits=self.gang_limits,
            step=step,
            most=most,
        )


def run_tracked_gang(
    spark: SparkSession,
    plan: GangPlan,
    work: Callable[[Worker], dict[str, Any]],
    *,
    name: str,
    collective: CollectiveName,
    limits: GangLimits,
    step: Step,
    most: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a gang and report its steps; returns what rank 0 returned, and the run's measures."""
    began = time.monotonic()
    with track(name, step, most) as tracker:
        results = run_gang(
            spark,
            plan,
            work,
            name=name,
            collective=collective,
            limits=limits,
            on_event=partial(_follow, tracker, step),
        )
    measures = {
        "train_seconds": round(time.monotonic() - began, 3),
        "workers": plan.workers,
        "threads": plan.cores,
    }
    return results[0], measures


def _follow(tracker: Tracker, step: str, event: Event) -> None:
    """Turn what workers say after each round or epoch into steps, their notes into log lines."""
    if event.kind == step:
        tracker.step(int(event.data[step]) + 1, **event.data["metrics"])
    elif event.kind == "note":
        level = logging.WARNING if event.data.get("is_warning") else logging.INFO
        logger.log(level, "%s", event.data["text"])
