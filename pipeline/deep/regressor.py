"""`DeepRegressor`: a network for numbers."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.deep.estimator import DeepEstimator
from pipeline.deep.model import DeepRegressionModel
from pipeline.errors import UserError


class DeepRegressor(DeepEstimator[DeepRegressionModel]):
    """A network for numbers, trained by a gang of Spark workers.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    The loss is the squared error of the label, which is standardised with the training rows' mean
    and deviation: any unit of the label will do. All else is as in `DeepClassifier`.

    Examples
    --------
    >>> from pipeline.deep import DeepRegressor  # doctest: +SKIP
    >>> model = DeepRegressor(featuresCols=["distance"], labelCol="delay").fit(frame)
    ... # doctest: +SKIP
    """

    model_class = DeepRegressionModel
    predicts_numbers: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("mse", "mae")

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        smoothing: Any = self.value("label_smoothing")
        if smoothing:
            raise UserError(f"{type(self).__name__}: label_smoothing is for classes")
