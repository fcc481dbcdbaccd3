"""`BaggingClassifier` and `BaggingRegressor`: bootstrap replicas as Spark ML Estimators."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging.curve import points_of
from pipeline.bagging.fits import BaggingFit
from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.objectives import MANY_CLASSES, NUMBERS, TWO_CLASSES
from pipeline.bagging.learners.registry import checked_params, is_spark_ml, require_weights
from pipeline.bagging.model import (
    BaggingClassificationModel,
    BaggingModel,
    BaggingRegressionModel,
)
from pipeline.bagging.params import COMBINATIONS, BaggingParams
from pipeline.bagging.placement import Placement, bytes_needed, choose, memory_of_a_worker
from pipeline.bagging.replicas import BaggingTask
from pipeline.bagging.store import ReplicaStore
from pipeline.bagging.votes import Ballot
from pipeline.data.names import column, require
from pipeline.errors import UserError
from pipeline.estimators.class_weights import weights_of
from pipeline.estimators.encoder import GROUP
from pipeline.estimators.estimator import EnsembleEstimator, FitJob, Trained
from pipeline.estimators.model import qualified
from pipeline.estimators.profile import Described
from pipeline.spark.resources import GangPlan, capacity_of, plan_gang

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=BaggingModel)


@dataclass(frozen=True)
class BaggingLayout:
    """How the work lies on the cluster.

    Parameters
    ----------
    slots : int
        Tasks that run at once when all executors are there.
    gang : GangPlan or None
        The gang that trains the replicas; None: tasks do.
    placement : Placement or None
        Where replicas are trained, and why; known when the table's size is.
    """

    slots: int
    gang: GangPlan | None = None
    placement: Placement | None = None


class BaggingEstimator(EnsembleEstimator[M, BaggingLayout], BaggingParams):
    """What both bagging estimators share.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.
    """

    model_class: ClassVar[type[BaggingModel]]

    def require_valid(self) -> None:
        """Raise a `UserError` that lists what is not allowed."""
        super().require_valid()
        known = COMBINATIONS["regression" if self.predicts_numbers else "classification"]
        problems = []
        if self.value("combine") not in (None, *known):
            problems.append(f"combine must be {' or '.join(known)}, not {self.value('combine')!r}")
        if self.predicts_numbers and self.value("stratified"):
            problems.append("stratified draws class by class, and a regressor has no classes")
        if self.predicts_numbers and self.value("class_weight") != "none":
            problems.append("class_weight is for classes, and a regressor has none")
        objective = self.value("objective")
        objectives = NUMBERS if self.predicts_numbers else {*TWO_CLASSES, *MANY_CLASSES}
        if objective is not None and objective not in objectives:
            known_ones = ", ".join(sorted(objectives))
            problems.append(f"objective must be one of {known_ones}, not {objective!r}")
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))
        self._learner_params()
        if self.value("class_weight") != "none":
            require_weights(self.value("learner"), self.value("learners_allowed"), "class_weight")
        if self.value("weightCol"):
            require_weights(self.value("learner"), self.value("learners_allowed"), "weightCol")

    def _learner_params(self) -> dict[str, Any]:
        """The learner's params, complete and checked."""
        return checked_params(
            self.value("learner"),
            self.learner_settings(),
            is_regression=self.predicts_numbers,
            allowed=self.value("learners_allowed"),
        )

    def _fit(self, dataset: DataFrame) -> M:
        if is_spark_ml(self.value("learner"), self.value("learners_allowed")):
            from pipeline.bagging.spark_learners.fit import fit_jobs

            return cast(M, fit_jobs(self, dataset))
        return super()._fit(dataset)

    def _group_column(self, dataset: DataFrame) -> str | None:
        name = self.value("group_col") or None
        if name is not None:
            require(dataset, [name], "group_col")
        return name

    def _lay_out(self, spark: SparkSession) -> BaggingLayout:
        slots = max(capacity_of(spark).slots(_task_cpus(spark), 0), 1)
        layout = BaggingLayout(slots)
        if self.value("placement") == "gang":
            choose("gang", self.value("learner"), 0, 0)
            self.sampling_for(is_sharded=True)
            layout = replace(layout, gang=self._gang(spark))
        return layout

    def _settle(
        self, spark: SparkSession, layout: BaggingLayout, described: Described
    ) -> BaggingLayout:
        self._require_objective(len(described.label.classes))
        weights_of(self.value("class_weight"), described)
        learner = self.value("learner")
        needed = bytes_needed(learner, described)
        given = self.value("worker_memory_mb")
        memory, where = memory_of_a_worker(spark, _task_cpus(spark), given, needed)
        placement = choose(self.value("placement"), learner, needed, memory, where=where)
        logger.info("bagging: placement %s: %s", placement.kind, placement.reason)
        if placement.kind == "gang" and layout.gang is None:
            self.sampling_for(is_sharded=True)
            layout = replace(layout, gang=self._gang(spark))
        return replace(layout, placement=placement)

    def _require_objective(self, classes: int) -> None:
        objective = self.value("objective")
        known = TWO_CLASSES if classes == 2 else MANY_CLASSES
        if classes and objective is not None and objective not in known:
            raise UserError(
                f"objective {objective} does not go with {classes} classes: take one of "
                f"{', '.join(known)}"
            )

    def _gang(self, spark: SparkSession) -> GangPlan:
        return plan_gang(spark, self.value("numWorkers"), self.gpus_per_worker)

    def _shard_count(self, spark: SparkSession, layout: BaggingLayout) -> int:
        return layout.gang.workers if layout.gang else layout.slots

    def _train(self, job: FitJob[BaggingLayout]) -> Trained:
        task = self._task(job)
        store = ReplicaStore.open(
            self._checkpoints(job.spark), self._scratch(job.spark), task, job.layout.gang
        )
        fit = BaggingFit(
            job.spark,
            replace(task, store=store.uri),
            store,
            self.value("replicas"),
            placement=job.layout.placement,
            slots=job.layout.slots,
            early_stopping=self.value("early_stopping"),
            tolerance=self.value("early_stopping_tolerance"),
            keeps_rows=self.value("out_of_bag") == "rows",
        )
        if job.layout.gang is not None:
            return fit.by_gang(job.layout.gang, self.gang_limits)
        return fit.by_tasks()

    def _checkpoints(self, spark: SparkSession) -> str | None:
        given = self.value("checkpoint_dir")
        return qualified(spark, given) if given else None

    def _task(self, job: FitJob[BaggingLayout]) -> BaggingTask:
        classes = len(job.label.classes)
        sampling = self.sampling_for(is_sharded=job.layout.gang is not None)
        measures = self.value("out_of_bag") != "none"
        points = points_of(self.value("replicas"), self.value("early_stopping"))
        return BaggingTask(
            job.shards,
            job.label,
            LearnerSpec(
                self.value("learner"),
                self._learner_params(),
                job.features,
                classes,
                tuple(self.value("learners_allowed")),
            ),
            sampling,
            Ballot(classes, self._combine, job.label.bounds),
            weights_of(self.value("class_weight"), job.described),
            self.value("seed"),
            store="",
            points=points if measures else (),
            importance=self.value("importance"),
        )

    def sampled_rows(self, frame: DataFrame) -> DataFrame:
        """What draws depend on, of each training row: `row_id`, `label`, and a hash of `group`."""
        columns = self._columns(frame)
        rows = self._with_identity(frame, columns)
        if columns.validation is not None:
            rows = rows.where(~F.coalesce(column(columns.validation), F.lit(False)))
        group = column(GROUP) if columns.group is not None else F.lit(0)
        return rows.select(
            column(self._id_column).cast("long").alias("row_id"),
            column(columns.label).alias("label"),
            group.cast("long").alias("group"),
        )

    @property
    def _combine(self) -> str:
        kind = "regression" if self.predicts_numbers else "classification"
        return str(self.value("combine") or COMBINATIONS[kind][0])


class BaggingClassifier(BaggingEstimator[BaggingClassificationModel]):
    """Bagged classifiers: each replica is trained on its own bootstrap sample.

    By default a replica is a classification tree; every host reads all training rows once, every
    worker process bins them once, and each task trains whole replicas on weights instead of copies.
    Rows that do not fit one worker are sharded over a gang, which trains replicas one by one.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    A replica's sample is a function of (seed, replica, row identity): the same for any partitioning
    and any number of tasks. `metrics["out_of_bag"]` holds the error on rows that a replica has not
    seen, `history` the same by number of replicas. Rows marked by the validation indicator column
    are left out of training.

    References
    ----------
    L. Breiman, "Bagging Predictors", Machine Learning 24 (1996); "Out-of-Bag Estimation" (1996).

    Examples
    --------
    >>> from pipeline.bagging import BaggingClassifier  # doctest: +SKIP
    >>> trees = BaggingClassifier(featuresCols=["distance"], labelCol="late")  # doctest: +SKIP
    >>> trees.fit(frame).metrics["out_of_bag"]["error"]  # doctest: +SKIP
    """

    model_class = BaggingClassificationModel


class BaggingRegressor(BaggingEstimator[BaggingRegressionModel]):
    """Bagged regressors: the mean, or the median, of replicas on bootstrap samples.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    As for `BaggingClassifier`; the out-of-bag error is a mean squared error.

    References
    ----------
    L. Breiman, "Bagging Predictors", Machine Learning 24 (1996).

    Examples
    --------
    >>> from pipeline.bagging import BaggingRegressor  # doctest: +SKIP
    >>> trees = BaggingRegressor(featuresCols=["distance"], labelCol="delay")  # doctest: +SKIP
    >>> trees.fit(frame).transform(frame)  # doctest: +SKIP
    """

    model_class = BaggingRegressionModel
    predicts_numbers: ClassVar[bool] = True


def _task_cpus(spark: SparkSession) -> int:
    return int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)
