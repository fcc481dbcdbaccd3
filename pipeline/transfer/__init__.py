"""Transfer learning on text: checkpoints of the Hugging Face model zoo, tokenising, strategies."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.transfer.advice import Advice
    from pipeline.transfer.classifier import TextClassifier
    from pipeline.transfer.embedder import TextEmbedder
    from pipeline.transfer.model import TextClassificationModel, TextRegressionModel
    from pipeline.transfer.regressor import TextRegressor
    from pipeline.transfer.text_tokeniser import TextTokeniser

__all__ = [
    "Advice",
    "TextClassificationModel",
    "TextClassifier",
    "TextEmbedder",
    "TextRegressionModel",
    "TextRegressor",
    "TextTokeniser",
]

_ROOMS = {
    "Advice": "advice",
    "TextClassificationModel": "model",
    "TextClassifier": "classifier",
    "TextEmbedder": "embedder",
    "TextRegressionModel": "model",
    "TextRegressor": "regressor",
    "TextTokeniser": "text_tokeniser",
}


def __getattr__(name: str) -> Any:
    """Import Spark with the estimators only: predictors of this package must work without it."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"pipeline.transfer.{_ROOMS[name]}"), name)
