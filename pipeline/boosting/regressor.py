"""`BoostingRegressor`: boosted trees for numbers, quantiles and survival times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.ml.param import TypeConverters
from pyspark.sql.types import NumericType

from pipeline.boosting.estimator import BoostingEstimator, require_one_worker
from pipeline.boosting.model import BoostingRegressionModel
from pipeline.boosting.objectives import AFT, COX, QUANTILE, Task
from pipeline.data.names import require
from pipeline.errors import DataError, UserError
from pipeline.estimators.functions import is_path
from pipeline.estimators.params import declare
from pipeline.estimators.profile import Described
from pipeline.spark.resources import GangPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class BoostingRegressor(BoostingEstimator[BoostingRegressionModel]):
    """Gradient-boosted trees for numbers, trained by a gang of Spark workers.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. XGBoost's training
        params have their native names; those of xgboost.spark are accepted too.

    Notes
    -----
    `objective` chooses the loss: squared error (the default), absolute error, quantiles
    (`quantile_alpha`), Poisson, Tweedie, gamma and others of XGBoost's `reg:` and `count:`. With
    `survival:aft` the label is a time, or with `labelUpperCol` the lower bound of one: a null or
    infinite upper bound says that the event had not happened by then.

    References
    ----------
    A. Barnwal, H. Cho, T. Hocking, "Survival Regression with Accelerated Failure Time Model in
    XGBoost", Journal of Computational and Graphical Statistics 31 (2022).
    """

    model_class = BoostingRegressionModel
    task: ClassVar[Task] = "regression"
    predicts_numbers: ClassVar[bool] = True

    labelUpperCol = declare(  # noqa: N815
        "labelUpperCol",
        "survival:aft: column with the upper bound of the label, whose own column is the lower "
        "one; null or infinite: right-censored; unset: labels are exact",
        TypeConverters.toString,
    )
    quantilesCol = declare(  # noqa: N815
        "quantilesCol",
        "column for all quantiles, an array, where there are several",
        TypeConverters.toString,
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(quantilesCol="quantiles")
        self.setParams(**params)

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        objective, alpha = self.value("objective"), self.value("quantile_alpha")
        if (objective == QUANTILE) != bool(alpha):
            raise UserError(
                f"{type(self).__name__}: objective={QUANTILE} and quantile_alpha go together: set "
                "both, or neither"
            )
        if self.value("labelUpperCol") and objective != AFT:
            raise UserError(
                f"{type(self).__name__}: labelUpperCol is for objective={AFT}, not {objective}"
            )

    def _lay_out(self, spark: SparkSession) -> GangPlan:
        plan = super()._lay_out(spark)
        if self.value("objective") == COX:
            require_one_worker(COX, plan)
        return plan

    def _more_columns(self, dataset: DataFrame) -> dict[str, Any]:
        found = super()._more_columns(dataset)
        if not self._is_survival():
            return found
        upper = self.value("labelUpperCol") or self.value("labelCol")
        require(dataset, [upper], "labelUpperCol")
        kind = dataset.schema[upper].dataType
        if not isinstance(kind, NumericType):
            raise DataError(f"labelUpperCol: {upper} is {kind.simpleString()}; it must be a number")
        return {**found, "upper": upper}

    def _objective_params(self, described: Described) -> dict[str, Any]:
        given = self.value("objective")
        is_own = given is not None and is_path(given)
        objective = "reg:squarederror" if given is None or is_own else str(given)
        several = self._margins(described)
        start = self.value("base_score")
        # One number for all is refused by a booster that was read from a file.
        starts = {"base_score": str([start] * several)} if several > 1 and start is not None else {}
        return {"objective": objective, **self._metric_params(None), **starts}

    def _is_survival(self) -> bool:
        return bool(self.value("objective") == AFT)

    def _margins(self, described: Described) -> int:
        return len(self.value("quantile_alpha") or (0.5,))
