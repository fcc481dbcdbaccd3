"""Scoring with a saved booster, without Spark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.data.encoding import Matrix
from pipeline.estimators.predictor import Predictor, Scores

BOOSTER = "booster.ubj"


class BoostingPredictor(Predictor):
    """A booster in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        import xgboost as xgb

        self._booster = xgb.Booster(model_file=bytearray(natives[BOOSTER]))
        self._booster.set_param({"nthread": self.threads, "device": "cpu"})

    def scores(self, features: Matrix) -> tuple[Scores, Scores]:
        """Margins and probabilities; for two classes the first margin is minus the second."""
        margin = np.asarray(
            self._booster.inplace_predict(features, predict_type="margin"), dtype=np.float64
        )
        if margin.ndim == 1:
            positive = 1.0 / (1.0 + np.exp(-margin))
            return np.stack([-margin, margin], axis=1), np.stack([1 - positive, positive], axis=1)
        powers = np.exp(margin - margin.max(axis=1, keepdims=True))
        return margin, powers / powers.sum(axis=1, keepdims=True)
