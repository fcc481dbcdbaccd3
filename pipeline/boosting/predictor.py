"""Scoring with a saved booster, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.data.encoding import Matrix, Table
from pipeline.estimators.extras import margins_of
from pipeline.estimators.predictor import Margins, Predictor, Scores

BOOSTER = "booster.ubj"
FACTS = "boosting"
"""The key of a manifest under which is what scoring must know besides the booster."""


class BoostingPredictor(Predictor):
    """A booster in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        import xgboost as xgb

        self._booster = xgb.Booster(model_file=bytearray(natives[BOOSTER]))
        self._booster.set_param({"nthread": self.threads, "device": "cpu"})
        facts: Mapping[str, Any] = self.metadata.get(FACTS, {})
        given = facts.get("missing")
        self._missing = np.nan if given is None else float(given)
        self._margin_col: str | None = self.metadata.get("columns", {}).get("baseMarginCol") or None
        self._outputs = int(facts.get("outputs", 1))
        self._is_hinge = facts.get("objective") == "binary:hinge"
        self._quantiles = [float(level) for level in facts.get("quantiles", ())]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that scoring reads."""
        more = () if self._margin_col is None else (self._margin_col,)
        return (*self.schema.columns, *more)

    def margins(self, table: Table) -> Margins | None:
        """The margins that rows start from, where a column gives them."""
        if self._margin_col is None:
            return None
        return margins_of(table.column(self._margin_col), self._margin_col, self._outputs)

    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """Margins and probabilities; for two classes the first margin is minus the second."""
        margin = self._predict(features, "margin", start)
        if margin.ndim == 1:
            positive = margin > 0 if self._is_hinge else 1.0 / (1.0 + np.exp(-margin))
            return np.stack([-margin, margin], axis=1), np.stack([1.0 - positive, positive], axis=1)
        powers = np.exp(margin - margin.max(axis=1, keepdims=True))
        return margin, powers / powers.sum(axis=1, keepdims=True)

    def values(self, features: Matrix, start: Margins | None = None) -> Scores:
        """Predicted numbers; of several quantiles the one nearest to the median."""
        found = self._predict(features, "value", start)
        if found.ndim == 1:
            return found
        return found[:, int(np.argmin(np.abs(np.asarray(self._quantiles) - 0.5)))]

    def quantiles(self, features: Matrix, start: Margins | None = None) -> Scores:
        """All predicted quantiles, shape (rows, quantiles)."""
        return _by_row(self._predict(features, "value", start), features.shape[0])

    def leaves(self, features: Matrix) -> Scores:
        """The leaf of each tree that a row falls into, shape (rows, trees)."""
        found = self._booster.predict(self._rows(features), pred_leaf=True)
        return _by_row(found, features.shape[0])

    def contributions(self, features: Matrix, start: Margins | None = None) -> Scores:
        """SHAP contributions of the features, and last the bias; one class after the other.

        References
        ----------
        S. Lundberg et al., "From local explanations to global understanding with explainable AI
        for trees", Nature Machine Intelligence 2 (2020): TreeSHAP.
        """
        rows = self._rows(features, start)
        found = self._booster.predict(rows, pred_contribs=True)
        return _by_row(found, features.shape[0])

    def _predict(self, features: Matrix, kind: str, start: Margins | None) -> Scores:
        found = self._booster.inplace_predict(
            features, predict_type=kind, missing=self._missing, base_margin=_flat(start)
        )
        return np.asarray(found, dtype=np.float64)

    def _rows(self, features: Matrix, start: Margins | None = None) -> Any:
        import xgboost as xgb

        booster = self._booster
        return xgb.DMatrix(
            features,
            missing=self._missing,
            base_margin=_flat(start),
            feature_names=booster.feature_names,
            feature_types=booster.feature_types,
            enable_categorical=True,
            nthread=self.threads,
        )


def _by_row(values: Any, rows: int) -> Scores:
    """What belongs to a row side by side, shape (rows, values); there may be no rows."""
    found = np.asarray(values, dtype=np.float64)
    return found.reshape(rows, found.size // rows if rows else 0)


def _flat(start: Margins | None) -> Margins | None:
    """Base margins as XGBoost takes them: one-dimensional where there is one output."""
    return start[:, 0] if start is not None and start.shape[1] == 1 else start
