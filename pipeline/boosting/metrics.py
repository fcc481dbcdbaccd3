"""A booster's metrics after each round, XGBoost's own and the user's.

Imported on executors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline.estimators.functions import load, short_name


class Metrics:
    """What is measured after each round.

    Parameters
    ----------
    paths : sequence of str
        Import paths of the user's functions (predictions, matrix) -> (name, value).
    is_margin : bool
        Whether these get margins, as XGBoost does it for an objective of the user's, rather than
        predictions.
    """

    def __init__(self, paths: Sequence[str], *, is_margin: bool) -> None:
        self._functions = {short_name(path): load(path) for path in paths}
        self._is_margin = is_margin

    def of(
        self, booster: xgb.Booster, watched: list[tuple[xgb.DMatrix, str]], number: int
    ) -> dict[str, float]:
        """The values by `part.metric`, over the rows of all ranks."""
        own = self._own if self._functions else None
        self._exact: list[float] = []
        # XGBoost takes a list of metrics too, though its types do not say so.
        text = booster.eval_set(
            watched,
            number,
            feval=own,  # type: ignore[arg-type]
            output_margin=self._is_margin,
        )
        pairs = (item.rpartition(":") for item in text.split("\t")[1:])
        found = {name.replace("-", ".", 1): float(value) for name, _, value in pairs}
        # The text has six decimals of the user's metrics.
        names = [f"{part}.{name}" for _, part in watched for name in self._functions]
        return {**found, **dict(zip(names, self._exact, strict=False))}

    def _own(self, predictions: Any, matrix: xgb.DMatrix) -> list[tuple[str, float]]:
        """The user's metrics, each averaged over the ranks by what their rows weigh."""
        weights = matrix.get_weight()
        weight = float(np.sum(weights)) if len(weights) else float(matrix.num_row())
        found = []
        for name, function in self._functions.items():
            value = float(function(predictions, matrix)[1]) if matrix.num_row() else 0.0
            self._exact.append(_mean(value, weight))
            found.append((name, self._exact[-1]))
        return found


def _mean(value: float, weight: float) -> float:
    if not collective.is_distributed():
        return value
    total = collective.allreduce(np.array([value * weight, weight]), collective.Op.SUM)
    return float(total[0] / total[1]) if total[1] else 0.0
