"""`AdaBoostClassifier`: small trees that vote, trained by a gang; the driver half."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.boosting import places
from pipeline.boosting.adaboost import samme
from pipeline.boosting.adaboost.model import AdaBoostClassificationModel
from pipeline.boosting.adaboost.params import AdaBoostParams
from pipeline.boosting.adaboost.predictor import FACTS
from pipeline.boosting.adaboost.rounds import AdaBoostTask, train_committee
from pipeline.boosting.booster_estimator import BoosterEstimator, words_for
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.task import RowRoles
from pipeline.estimators.class_weights import weights_of
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.profile import Columns, Described
from pipeline.spark.resources import GangPlan
from pipeline.store.checkpoints import Checkpoints

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)


class AdaBoostClassifier(BoosterEstimator[AdaBoostClassificationModel], AdaBoostParams):
    """AdaBoost (SAMME) over small trees, for two classes or more, trained by a gang of workers.

    Each round grows one learner on all rows, a tree for each class (one tree for two classes), as
    `BoostingClassifier` grows its trees. Rows that it gets wrong weigh more in the next round; its
    vote counts the more, the smaller its error was.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. Params of trees have
        XGBoost's native names; those of xgboost.spark are accepted for columns.

    Notes
    -----
    With the defaults a learner is a stump (`max_depth=1`). Row weights (`weightCol`,
    `class_weight`) are those of the first round, and the ones that errors in the history are
    weighted by. Training ends before `rounds` when a learner makes no error, or none can be found
    that is better than chance. With validation rows and `early_stopping_rounds` the model keeps
    the rounds up to the best one. Probabilities are those of scikit-learn's `AdaBoostClassifier`.
    For a given seed, config and gang size the model is the same, byte for byte, however the input
    is partitioned or ordered, and whether training was interrupted or not.

    References
    ----------
    J. Zhu, H. Zou, S. Rosset, T. Hastie, "Multi-class AdaBoost", Statistics and Its Interface 2
    (2009), algorithm 2.

    Examples
    --------
    >>> from pipeline.boosting import AdaBoostClassifier  # doctest: +SKIP
    >>> committee = AdaBoostClassifier(featuresCols=["distance"], labelCol="late")  # doctest: +SKIP
    >>> model = committee.fit(frame)  # doctest: +SKIP
    """

    model_class = AdaBoostClassificationModel

    def _described(self, rows: DataFrame, columns: Columns) -> Described:
        found = super()._described(rows, columns)
        self._roles(found)  # refuses before anything is written
        return found

    def _roles(self, described: Described) -> RowRoles:
        schema = described.features
        return RowRoles(
            types=places.types(self.value("feature_types"), schema),
            missing=self.value("missing"),
            class_weights=weights_of(self.value("class_weight"), described),
            feature_weights=places.weights(self.value("feature_weights"), schema),
        )

    def native_params(self, described: Described) -> dict[str, Any]:
        """All params as XGBoost takes them."""
        return {
            "tree_method": "hist",
            **self.tree_params(),
            **samme.margin_params(len(described.label.classes)),
            "seed": self.value("seed"),
        }

    def _task(self, job: FitJob[GangPlan]) -> AdaBoostTask:
        task = AdaBoostTask(
            shards=job.shards,
            features=job.features,
            roles=self._roles(job.described),
            params=self.native_params(job.described),
            rounds=self.value("rounds"),
            output=files.join(job.scratch, BOOSTER),
            checkpoints=Checkpoints(""),
            every=self.value("checkpoint_rounds"),
            patience=self.patience,
            memory=self._memory,
            classes=len(job.label.classes),
            learning_rate=self.value("learning_rate"),
        )
        return self._with_checkpoints(task, job, {"learning_rate": task.learning_rate})

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = self._task(job)
        logger.info(
            "adaboost: %s, %d rounds of %d classes",
            words_for(job.layout),
            task.rounds,
            task.classes,
        )
        missing = task.roles.missing
        return self._run(
            job,
            task,
            train_committee,
            lambda first: {FACTS: {"alphas": first["alphas"], "missing": missing}},
        )
