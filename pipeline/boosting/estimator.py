"""What boosting estimators share: sequential XGBoost on Spark; the driver half."""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import ArrayType, NumericType

from pipeline import files
from pipeline.boosting import places, schedules
from pipeline.boosting.booster_estimator import BoosterEstimator, words_for
from pipeline.boosting.initial import Initial, open_initial
from pipeline.boosting.model import BoostingModel
from pipeline.boosting.objectives import require_labels
from pipeline.boosting.params import BoostingParams
from pipeline.boosting.predictor import BOOSTER, FACTS
from pipeline.boosting.rounds import train_rounds
from pipeline.boosting.task import BoostingTask, RowRoles
from pipeline.data.names import require
from pipeline.errors import DataError, UserError
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.extras import too_few_margins
from pipeline.estimators.functions import is_path, source_mark
from pipeline.estimators.profile import Columns, Described
from pipeline.spark.resources import GangPlan
from pipeline.store.checkpoints import Checkpoints

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=BoostingModel)
# No model depends on these.
_IDLE = ("verbosity", "max_cached_hist_node")


class BoostingEstimator(BoosterEstimator[M], BoostingParams):
    """Gradient-boosted trees, trained by a gang of Spark workers."""

    def _fit(self, dataset: DataFrame) -> M:
        self.require_valid()
        if self.value("early_stopping_rounds") and not (
            self.value("validationIndicatorCol") or self.value("validation_fraction")
        ):
            logger.warning(
                "early_stopping_rounds has nothing to watch: name validation rows in "
                "validationIndicatorCol, or set validation_fraction"
            )
        uri = self.value("initial_model")
        self._initial: Initial | None = open_initial(uri) if uri else None
        try:
            return super()._fit(dataset)
        finally:
            self._initial = None

    @abstractmethod
    def _objective_params(self, described: Described) -> dict[str, Any]:
        """Objective, metric and number of outputs; those of XGBoost for a function of the user's.

        Raises
        ------
        UserError
            When the objective does not go with the label.
        """

    def _more_columns(self, dataset: DataFrame) -> dict[str, Any]:
        margin = self.value("baseMarginCol") or None
        if margin is not None:
            require(dataset, [margin], "baseMarginCol")
            kind = dataset.schema[margin].dataType
            if not isinstance(kind, NumericType | ArrayType | VectorUDT):
                raise DataError(
                    f"baseMarginCol: {margin} is {kind.simpleString()}; it must be a number, or a "
                    "vector or an array with one for each class"
                )
        return {"margin": margin}

    def _described(self, rows: DataFrame, columns: Columns) -> Described:
        found = super()._described(rows, columns)
        if self._initial is not None:
            self._initial.require_label(found.label)
            features = self._initial.require_features(found.features)
            found = replace(found, features=features)
        params = self._objective_params(found)
        if self._initial is not None:
            given = {**self.own_params(), **params}
            self._initial.require_params(given, self._margins(found))
        if found.label.is_number:
            objective = self.value("objective") or params["objective"]
            require_labels(self.task, objective, columns.label, found.label.bounds)
        self._column_params(found)
        self._class_weights(found)
        outputs = self._margins(found)
        margin = columns.margin
        if margin and outputs > 1 and isinstance(rows.schema[margin].dataType, NumericType):
            raise too_few_margins(margin, outputs)
        return found

    def _column_params(self, described: Described) -> dict[str, Any]:
        """Params that name columns, by their places."""
        schema = described.features
        found = {
            "monotone_constraints": places.monotone(self.value("monotone_constraints"), schema),
            "interaction_constraints": places.interactions(
                self.value("interaction_constraints"), schema
            ),
        }
        places.types(self.value("feature_types"), schema)
        places.weights(self.value("feature_weights"), schema)
        return {name: value for name, value in found.items() if value is not None}

    def native_params(self, described: Described) -> dict[str, Any]:
        """All params as XGBoost takes them; a given objective or metric wins."""
        return {
            **self.own_params(),
            **self._objective_params(described),
            **self._column_params(described),
            "seed": self.value("seed"),
        }

    def _metric_params(self, by_default: str | None) -> dict[str, Any]:
        """XGBoost's metrics: those asked for, or the objective's."""
        native = [name for name in self.metric_names if not is_path(name)]
        if native:
            return {"eval_metric": native}
        if self.metric_names:
            return {"disable_default_eval_metric": True}
        return {} if by_default is None else {"eval_metric": [by_default]}

    def _roles(self, job: FitJob[GangPlan]) -> RowRoles:
        schema = job.features
        return RowRoles(
            types=places.types(self.value("feature_types"), schema),
            missing=self.value("missing"),
            class_weights=self._class_weights(job.described),
            margins=self._margins(job.described) if self.value("baseMarginCol") else 0,
            is_survival=self._is_survival(),
            is_ranking=self.task == "ranking",
            feature_weights=places.weights(self.value("feature_weights"), schema),
        )

    def _class_weights(self, described: Described) -> tuple[float, ...]:
        return ()

    def _is_survival(self) -> bool:
        return False

    def _task(self, job: FitJob[GangPlan]) -> BoostingTask:
        rounds = self.value("rounds")
        objective = self.value("objective")
        task = BoostingTask(
            shards=job.shards,
            features=job.features,
            roles=self._roles(job),
            params=self.native_params(job.described),
            rounds=rounds,
            output=files.join(job.scratch, BOOSTER),
            checkpoints=Checkpoints(""),
            every=self.value("checkpoint_rounds"),
            etas=schedules.rates(self.value("eta_schedule"), self.value("eta"), rounds),
            objective=objective if objective is not None and is_path(objective) else None,
            metrics=tuple(name for name in self.metric_names if is_path(name)),
            patience=self.patience,
            initial=self._initial_file(job),
            memory=self._memory,
        )
        return self._with_checkpoints(task, job, self._facts(task, job))

    def _initial_file(self, job: FitJob[GangPlan]) -> str | None:
        if self._initial is None:
            return None
        uri = files.join(job.scratch, "initial.ubj")
        files.write_bytes(uri, self._initial.booster)
        return uri

    def _facts(self, task: BoostingTask, job: FitJob[GangPlan]) -> dict[str, Any]:
        """What the model depends on besides what all boosters do."""
        return {
            "params": {name: each for name, each in task.params.items() if name not in _IDLE},
            "etas": task.etas,
            "objective": task.objective,
            "metrics": task.metrics,
            "source": None if task.objective is None else source_mark(task.objective),
            "initial": None if self._initial is None else self._initial.digest,
            "queries": job.shards.group_fingerprint,
        }

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = self._task(job)
        logger.info(
            "boosting: %s, %d rounds of %s",
            words_for(job.layout),
            task.rounds,
            task.objective or task.params["objective"],
        )
        facts = self._facts_of_scoring(task, job.described)
        return self._run(job, task, train_rounds, lambda _first: {FACTS: facts})

    def _facts_of_scoring(self, task: BoostingTask, described: Described) -> dict[str, Any]:
        return {
            "task": self.task,
            "objective": task.objective or task.params["objective"],
            "missing": task.roles.missing,
            "outputs": self._margins(described),
            "quantiles": list(self.value("quantile_alpha") or ()),
        }


def require_one_worker(objective: str, plan: GangPlan) -> None:
    """Raise a `UserError` for an objective that XGBoost cannot distribute."""
    if plan.workers > 1:
        raise UserError(
            f"objective {objective} compares every row with every other, which XGBoost does on one "
            "worker only: set numWorkers=1, or use survival:aft"
        )
