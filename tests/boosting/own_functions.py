"""Objectives, metrics and a schedule that a user might write."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb

NUMBER = 1


def squared(margins: Any, matrix: xgb.DMatrix) -> tuple[Any, Any]:
    """As reg:squarederror has it."""
    return margins - matrix.get_label(), np.ones_like(margins)


def logistic(margins: Any, matrix: xgb.DMatrix) -> tuple[Any, Any]:
    """As binary:logistic has it."""
    share = 1.0 / (1.0 + np.exp(-margins))
    return share - matrix.get_label(), np.maximum(share * (1.0 - share), 1e-16)


def softmax(margins: Any, matrix: xgb.DMatrix) -> tuple[Any, Any]:
    """As multi:softprob has it."""
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    share = powers / powers.sum(axis=1, keepdims=True)
    truth = np.eye(share.shape[1])[matrix.get_label().astype(int)]
    return share - truth, np.maximum(2.0 * share * (1.0 - share), 1e-16)


def furthest(predictions: Any, matrix: xgb.DMatrix) -> tuple[str, float]:
    """The greatest error."""
    return "furthest", float(np.abs(predictions - matrix.get_label()).max())


def mean_error(predictions: Any, matrix: xgb.DMatrix) -> tuple[str, float]:
    """As XGBoost's own mae, of rows without weights."""
    return "mean_error", float(np.abs(predictions - matrix.get_label()).mean())


def halving(number: int) -> float:
    """A schedule."""
    return float(0.5**number)


def tiny(predictions: Any, matrix: Any) -> tuple[str, float]:
    """A metric of small values."""
    return "tiny", 1.23e-9
