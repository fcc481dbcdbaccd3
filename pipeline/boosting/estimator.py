"""`BoostingClassifier`: sequential XGBoost on Spark, as a Spark ML Estimator; the driver half."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.boosting.params import BoostingParams
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.rounds import BoostingTask, train_rounds
from pipeline.estimators.estimator import EnsembleEstimator, FitJob, Trained
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import GangParams
from pipeline.spark.gang import run_gang
from pipeline.spark.progress import LineProgress
from pipeline.spark.resources import GangPlan, plan_gang

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


class BoostingClassificationModel(EnsembleModel):
    """A trained booster; `natives["booster.ubj"]` is a plain XGBoost model."""

    kind: ClassVar[str] = "boosting"


class BoostingClassifier(
    EnsembleEstimator[BoostingClassificationModel, GangPlan], GangParams, BoostingParams
):
    """Gradient-boosted trees, trained by a gang of Spark workers.

    Each worker holds one shard of the rows, binned once; the workers add up their histograms at
    every level of every tree (rabit), so the booster is one model of all rows.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. XGBoost's training
        params have their native names.

    Notes
    -----
    Missing values are XGBoost's: nulls and NaN go where a split sends missing values. Categories
    are split natively. For a given seed, config and gang size the model is the same, byte for
    byte, however the input is partitioned or ordered. With a validation indicator column the model
    keeps the rounds up to the best one.

    References
    ----------
    T. Chen and C. Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016, section 3.

    Examples
    --------
    >>> from pipeline.boosting import BoostingClassifier  # doctest: +SKIP
    >>> booster = BoostingClassifier(featuresCols=["distance"], labelCol="late")  # doctest: +SKIP
    >>> model = booster.fit(frame)  # doctest: +SKIP
    """

    model_class = BoostingClassificationModel

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    def _lay_out(self, spark: SparkSession) -> GangPlan:
        return plan_gang(spark, self.value("numWorkers"), self.gpus_per_worker)

    def _shard_count(self, spark: SparkSession, layout: GangPlan) -> int:
        return layout.workers

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        seed = self.value("seed")
        task = BoostingTask(
            job.shards,
            job.features,
            self.native_params(len(job.label.classes), seed),
            self.value("rounds"),
            self.value("early_stopping_rounds"),
        )
        began = time.monotonic()
        results = run_gang(
            job.spark,
            job.layout,
            partial(train_rounds, task),
            name="boosting",
            collective="rabit",
            limits=self.gang_limits,
            on_event=LineProgress("boosting", "round", self.value("rounds")),
        )
        first = results[0]
        metrics = {
            "train_seconds": round(time.monotonic() - began, 3),
            "best_iteration": first["best_iteration"],
            "rounds": len(first["history"]),
            "workers": job.layout.workers,
            "threads": job.layout.cores,
        }
        return Trained({BOOSTER: first["booster"]}, metrics, first["history"])
