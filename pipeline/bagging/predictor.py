"""Scoring with a saved ensemble, without Spark: the mean of the replicas' class shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.data.encoding import Matrix
from pipeline.estimators.predictor import Predictor, Scores


class BaggingPredictor(Predictor):
    """All replicas in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        import xgboost as xgb

        self._trees = [xgb.Booster(model_file=bytearray(natives[name])) for name in sorted(natives)]
        for tree in self._trees:
            tree.set_param({"nthread": self.threads, "device": "cpu"})

    def scores(self, features: Matrix) -> tuple[Scores, Scores]:
        """Sums of class shares over the replicas, and their mean."""
        total = np.zeros((features.shape[0], self._targets), dtype=np.float64)
        for tree in self._trees:
            total += np.asarray(tree.inplace_predict(features)).reshape(total.shape)
        if self._targets == 1:
            raw = np.concatenate([len(self._trees) - total, total], axis=1)
        else:
            raw = np.maximum(total, 0.0)
        return raw, raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-300)

    @property
    def _targets(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)
