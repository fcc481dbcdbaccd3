"""Scoring with a saved committee, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.boosting.adaboost import samme
from pipeline.boosting.predictor import BOOSTER
from pipeline.data.encoding import Matrix
from pipeline.errors import ModelError
from pipeline.estimators.predictor import Margins, Predictor, Scores

FACTS = "adaboost"
"""The key of a manifest under which is what scoring must know besides the booster."""


class AdaBoostPredictor(Predictor):
    """A committee in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        import xgboost as xgb

        self._booster = xgb.Booster(model_file=bytearray(natives[BOOSTER]))
        self._booster.set_param({"nthread": self.threads, "device": "cpu"})
        facts: Mapping[str, Any] = self.metadata[FACTS]
        self._alphas = [float(alpha) for alpha in facts["alphas"]]
        given = facts.get("missing")
        self._missing = np.nan if given is None else float(given)
        rounds = self._booster.num_boosted_rounds()
        if rounds != len(self._alphas):
            raise ModelError(
                f"the model has {rounds} learners and {len(self._alphas)} votes: its files are not "
                "of one model; copy it again"
            )

    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """The committee's score of each class, and probabilities."""
        classes = len(self.classes)
        votes = np.zeros((features.shape[0], classes))
        for number, alpha in enumerate(self._alphas):
            samme.count(votes, samme.voted(self._margins(features, number), classes), alpha)
        found = samme.decision(votes, sum(self._alphas))
        return found, samme.probabilities(found)

    def _margins(self, features: Matrix, number: int) -> Any:
        """Margins of one learner alone."""
        return self._booster.inplace_predict(
            features,
            iteration_range=(number, number + 1),
            predict_type="margin",
            missing=self._missing,
        )
