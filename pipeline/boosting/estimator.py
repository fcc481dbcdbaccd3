"""`BoostingClassifier`: sequential XGBoost on Spark, as a Spark ML Estimator; the driver half."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pipeline.boosting.params import BoostingParams
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.rounds import BoostingTask, train_rounds
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.gang_estimator import GangEstimator
from pipeline.estimators.model import EnsembleModel
from pipeline.spark.resources import GangPlan


class BoostingClassificationModel(EnsembleModel):
    """A trained booster; `natives["booster.ubj"]` is a plain XGBoost model."""

    kind: ClassVar[str] = "boosting"


class BoostingClassifier(GangEstimator[BoostingClassificationModel], BoostingParams):
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
    byte, however the input is partitioned or ordered. With a validation indicator column and
    `early_stopping_rounds` the model keeps the rounds up to the best one.

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

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = BoostingTask(
            job.shards,
            job.features,
            self.native_params(len(job.label.classes), self.value("seed")),
            self.value("rounds"),
            self.value("early_stopping_rounds"),
        )
        first, measures = self._run_gang(
            job,
            partial(train_rounds, task),
            collective="rabit",
            step="round",
            most=task.rounds,
        )
        history = first["history"]
        best = {"best_iteration": first["best_iteration"], "rounds": len(history)}
        return Trained({BOOSTER: first["booster"]}, {**measures, **best}, history)
