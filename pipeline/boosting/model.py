"""Boosted models: a booster and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyspark.ml.linalg import DenseVector, Vectors
from pyspark.ml.param import TypeConverters

from pipeline.boosting.params.columns import ScoredColumns
from pipeline.boosting.predictor import BOOSTER, FACTS
from pipeline.errors import UserError
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import declare
from pipeline.estimators.scoring import OutputColumns

if TYPE_CHECKING:
    import xgboost as xgb

IMPORTANCES = ("gain", "weight", "cover", "total_gain", "total_cover")


class BoostingModel(EnsembleModel, ScoredColumns):
    """A trained booster; `natives["booster.ubj"]` is a plain XGBoost model."""

    kind: ClassVar[str] = "boosting"

    @property
    def bestIteration(self) -> int:  # noqa: N802
        """The last iteration that the booster holds: the best one, where training stopped early."""
        return int(self.metrics["best_iteration"])

    def get_booster(self) -> xgb.Booster:
        """The booster itself, for use without Spark."""
        import xgboost as xgb

        return xgb.Booster(model_file=bytearray(self.natives[BOOSTER]))

    def get_feature_importances(self, importance_type: str = "gain") -> dict[str, float]:
        """How much each column matters, by its name, the most important first.

        Parameters
        ----------
        importance_type : {"gain", "weight", "cover", "total_gain", "total_cover"}
            Mean gain of the splits by a column, their number, their mean cover (sum of second
            derivatives), and the sums of both.

        Returns
        -------
        dict of str to float
            Columns that no tree uses are 0.
        """
        if importance_type not in IMPORTANCES:
            raise UserError(
                f"importance_type must be one of {', '.join(IMPORTANCES)}, not {importance_type}"
            )
        booster = self.get_booster()
        scores = booster.get_score(importance_type=importance_type)
        names = booster.feature_names or [f"f{place}" for place in range(self.features.width)]
        pairs = zip(self.features.names, names, strict=True)
        found = {own: _as_number(scores.get(theirs, 0.0)) for own, theirs in pairs}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def featureImportances(self) -> DenseVector:  # noqa: N802 - Spark ML's name
        """Gain of each column as a share of all, in the order of the columns."""
        scores = self.get_feature_importances("total_gain")
        values = np.asarray([scores[name] for name in self.features.names])
        return Vectors.dense(values / (values.sum() or 1.0))

    def _columns_to_score_with(self) -> tuple[str, ...]:
        margin = self.value("baseMarginCol")
        return (*self.features.columns, *((margin,) if margin else ()))

    def _score_metadata(self) -> Mapping[str, Any]:
        # Columns may have been renamed since the model was trained or loaded.
        return {**self.metadata, "columns": {"baseMarginCol": self.value("baseMarginCol")}}

    def _score_key(self) -> tuple[str, ...]:
        return (self.value("baseMarginCol") or "",)

    def _output_columns(self) -> OutputColumns:
        return OutputColumns(
            self.value("rawPredictionCol"),
            self.value("probabilityCol"),
            self.value("predictionCol"),
            leaf=self.value("leafCol") or "",
            contributions=self.value("contribCol") or "",
        )


class BoostingClassificationModel(BoostingModel):
    """Boosted trees that predict classes."""


class BoostingRegressionModel(BoostingModel):
    """Boosted trees that predict numbers.

    Trained for several quantiles (`quantile_alpha`), it predicts the one nearest to the median, and
    adds all of them as an array in `quantilesCol`.
    """

    quantilesCol = declare(  # noqa: N815
        "quantilesCol",
        "column for all quantiles, an array, where there are several",
        TypeConverters.toString,
    )

    def __init__(self, metadata: Mapping[str, Any], natives: Mapping[str, bytes]) -> None:
        super().__init__(metadata, natives)
        self._setDefault(quantilesCol="quantiles")

    def _output_columns(self) -> OutputColumns:
        several = len(self.metadata.get(FACTS, {}).get("quantiles", ())) > 1
        found = super()._output_columns()
        return replace(found, label_quantiles=self.value("quantilesCol")) if several else found


class BoostingRankingModel(BoostingRegressionModel):
    """Boosted trees that score the rows of a query: the greater, the further up."""


def _as_number(value: float | list[float]) -> float:
    return float(np.mean(value))
