"""Bagging: bootstrap replicas trained in parallel over the cluster, out-of-bag error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.bagging.estimator import BaggingClassificationModel, BaggingClassifier

__all__ = ["BaggingClassificationModel", "BaggingClassifier"]


def __getattr__(name: str) -> Any:
    """Import Spark with the estimator only: predictors of this package must work without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from pipeline.bagging import estimator

    return getattr(estimator, name)
