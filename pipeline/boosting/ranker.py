"""`BoostingRanker`: boosted trees that order the rows of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.ml.param import TypeConverters
from pyspark.sql.types import ArrayType, MapType, StructType

from pipeline.boosting.estimator import BoostingEstimator
from pipeline.boosting.model import BoostingRankingModel
from pipeline.boosting.objectives import Task
from pipeline.data.names import require
from pipeline.errors import DataError, UserError
from pipeline.estimators.functions import is_path
from pipeline.estimators.params import declare
from pipeline.estimators.profile import Described

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class BoostingRanker(BoostingEstimator[BoostingRankingModel]):
    """Gradient-boosted trees for ranking, trained by a gang of Spark workers.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. `qidCol` names the
        column of queries; the label is a row's relevance, 0 or more.

    Notes
    -----
    All rows of a query train on one worker. A query has one weight: with `weightCol` its rows must
    agree. `validation_fraction` holds out whole queries; `validationIndicatorCol` should too.

    References
    ----------
    C. Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", MSR-TR-2010-82.
    """

    model_class = BoostingRankingModel
    task: ClassVar[Task] = "ranking"
    predicts_numbers: ClassVar[bool] = True

    qidCol = declare(  # noqa: N815
        "qidCol", "column whose equal values make a query", TypeConverters.toString
    )

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        if not self.value("qidCol"):
            raise UserError(f"{type(self).__name__}: qidCol must name the column of queries")

    def _group_column(self, dataset: DataFrame) -> str | None:
        name = str(self.value("qidCol"))
        require(dataset, [name], "qidCol")
        kind = dataset.schema[name].dataType
        if isinstance(kind, ArrayType | MapType | StructType):
            raise DataError(
                f"qidCol: {name} is {kind.simpleString()}; it must be a number or a text"
            )
        return name

    def _more_columns(self, dataset: DataFrame) -> dict[str, Any]:
        return {**super()._more_columns(dataset), "keeps_groups": True}

    def _objective_params(self, described: Described) -> dict[str, Any]:
        given = self.value("objective")
        is_own = given is not None and is_path(given)
        objective = "rank:ndcg" if given is None or is_own else str(given)
        return {"objective": objective, **self._metric_params(None)}
