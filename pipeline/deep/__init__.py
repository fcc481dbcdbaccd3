"""Deep networks: MXNet, trained data-parallel by a gang with Horovod."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.deep.classifier import DeepClassifier
    from pipeline.deep.model import DeepClassificationModel, DeepRegressionModel
    from pipeline.deep.regressor import DeepRegressor

__all__ = ["DeepClassificationModel", "DeepClassifier", "DeepRegressionModel", "DeepRegressor"]

_ROOMS = {
    "DeepClassificationModel": "model",
    "DeepClassifier": "classifier",
    "DeepRegressionModel": "model",
    "DeepRegressor": "regressor",
}


def __getattr__(name: str) -> Any:
    """Import Spark with the estimators only: predictors of this package must work without it."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"pipeline.deep.{_ROOMS[name]}"), name)
