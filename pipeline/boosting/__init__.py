"""Boosting: sequential XGBoost, one booster trained by a gang."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.boosting.adaboost.estimator import AdaBoostClassifier
    from pipeline.boosting.adaboost.model import AdaBoostClassificationModel
    from pipeline.boosting.classifier import BoostingClassifier
    from pipeline.boosting.model import (
        BoostingClassificationModel,
        BoostingRankingModel,
        BoostingRegressionModel,
    )
    from pipeline.boosting.ranker import BoostingRanker
    from pipeline.boosting.regressor import BoostingRegressor

__all__ = [
    "AdaBoostClassificationModel",
    "AdaBoostClassifier",
    "BoostingClassificationModel",
    "BoostingClassifier",
    "BoostingRanker",
    "BoostingRankingModel",
    "BoostingRegressionModel",
    "BoostingRegressor",
]

_MODULES = {
    "AdaBoostClassificationModel": "adaboost.model",
    "AdaBoostClassifier": "adaboost.estimator",
    "BoostingClassifier": "classifier",
    "BoostingRegressor": "regressor",
    "BoostingRanker": "ranker",
}


def __getattr__(name: str) -> Any:
    """Import Spark with the estimators only: predictors of this package must work without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module = importlib.import_module(f"{__name__}.{_MODULES.get(name, 'model')}")
    return getattr(module, name)
