"""Deep networks: MXNet, trained data-parallel by a gang with Horovod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.deep.estimator import DeepClassificationModel, DeepClassifier

__all__ = ["DeepClassificationModel", "DeepClassifier"]


def __getattr__(name: str) -> Any:
    """Import Spark with the estimator only: predictors of this package must work without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from pipeline.deep import estimator

    return getattr(estimator, name)
