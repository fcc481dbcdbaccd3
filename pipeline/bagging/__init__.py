"""Bagging: bootstrap replicas trained in parallel over the cluster, out-of-bag error."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.bagging.estimator import BaggingClassifier, BaggingRegressor
    from pipeline.bagging.model import BaggingClassificationModel, BaggingRegressionModel

__all__ = [
    "BaggingClassificationModel",
    "BaggingClassifier",
    "BaggingRegressionModel",
    "BaggingRegressor",
]


def __getattr__(name: str) -> Any:
    """Import Spark with the estimators only: predictors of this package must work without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module = "model" if name.endswith("Model") else "estimator"
    return getattr(importlib.import_module(f"pipeline.bagging.{module}"), name)
