"""Boosting: sequential XGBoost, one booster trained by a gang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.boosting.estimator import BoostingClassificationModel, BoostingClassifier

__all__ = ["BoostingClassificationModel", "BoostingClassifier"]


def __getattr__(name: str) -> Any:
    """Import Spark with the estimator only: predictors of this package must work without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from pipeline.boosting import estimator

    return getattr(estimator, name)
