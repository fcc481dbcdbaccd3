"""What estimators that train with a gang share: its layout, its run, the measures of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pipeline.estimators.estimator import EnsembleEstimator, FitJob
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import GangParams
from pipeline.spark.collectives import CollectiveName
from pipeline.spark.gang import run_gang
from pipeline.spark.progress import LineProgress
from pipeline.spark.resources import GangPlan, plan_gang

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.spark.worker import Worker

M = TypeVar("M", bound=EnsembleModel)


class GangEstimator(EnsembleEstimator[M, GangPlan], GangParams):
    """An estimator whose shards are one per worker of a gang."""

    def _lay_out(self, spark: SparkSession) -> GangPlan:
        return plan_gang(spark, self.value("numWorkers"), self.gpus_per_worker)

    def _shard_count(self, spark: SparkSession, layout: GangPlan) -> int:
        return layout.workers

    def _run_gang(
        self,
        job: FitJob[GangPlan],
        work: Callable[[Worker], dict[str, Any]],
        *,
        collective: CollectiveName,
        step: Literal["round", "epoch"],
        most: int,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run the gang; returns what rank 0 returned, and the run's measures."""
        name = self.model_class.kind
        began = time.monotonic()
        results = run_gang(
            job.spark,
            job.layout,
            work,
            name=name,
            collective=collective,
            limits=self.gang_limits,
            on_event=LineProgress(name, step, most),
        )
        measures = {
            "train_seconds": round(time.monotonic() - began, 3),
            "workers": job.layout.workers,
            "threads": job.layout.cores,
        }
        return results[0], measures
