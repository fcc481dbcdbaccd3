"""The model of AdaBoost: a booster whose rounds vote, and what their votes count."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pyspark.ml.linalg import DenseVector, Vectors

from pipeline.boosting.adaboost.predictor import FACTS
from pipeline.boosting.predictor import BOOSTER
from pipeline.estimators.model import EnsembleModel

if TYPE_CHECKING:
    import xgboost as xgb


class AdaBoostClassificationModel(EnsembleModel):
    """A committee of trees that vote.

    `natives["booster.ubj"]` is a plain XGBoost file with the trees of all rounds. XGBoost adds up
    what they say; the committee lets the trees of each round choose a class, whose votes count
    `alphas`.
    """

    kind: ClassVar[str] = "adaboost"

    @property
    def alphas(self) -> list[float]:
        """What the vote of each round's learner counts."""
        return list(self.metadata[FACTS]["alphas"])

    def get_booster(self) -> xgb.Booster:
        """The trees, for use without Spark."""
        import xgboost as xgb

        return xgb.Booster(model_file=bytearray(self.natives[BOOSTER]))

    @property
    def featureImportances(self) -> DenseVector:  # noqa: N802 - Spark ML's name
        """How much each column matters, as shares of 1, in the order of the columns.

        A learner's importances are the shares of its splits' gain; the committee's are their mean,
        weighted by the votes.
        """
        booster = self.get_booster()
        names = booster.feature_names or [f"f{place}" for place in range(self.features.width)]
        found = np.zeros(len(names))
        for number, alpha in enumerate(self.alphas):
            gains = booster[number : number + 1].get_score(importance_type="total_gain")
            values = np.asarray([gains.get(name, 0.0) for name in names], dtype=np.float64)
            found += alpha * values / (values.sum() or 1.0)
        return Vectors.dense(found / (found.sum() or 1.0))
