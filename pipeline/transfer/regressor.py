"""`TextRegressor`: numbers from texts, by a checkpoint of the Hugging Face model zoo."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.deep.regressor import DeepRegressor
from pipeline.transfer.estimator import TextEstimator
from pipeline.transfer.model import TextRegressionModel
from pipeline.transfer.trainers import NumberTrainer


class TextRegressor(TextEstimator[TextRegressionModel]):
    """Numbers from texts, or from pairs of texts, by a BERT-like encoder.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. `textCol`, `labelCol`
        and `checkpoint` must be given.

    Notes
    -----
    The loss is the squared error of the standardised label, as of `DeepRegressor`; all else is as
    in `TextClassifier`.

    Examples
    --------
    >>> from pipeline.transfer import TextRegressor  # doctest: +SKIP
    >>> model = TextRegressor(
    ...     textCol="review", labelCol="stars", checkpoint="s3://models/minilm"
    ... ).fit(reviews)  # doctest: +SKIP
    """

    trainer = NumberTrainer
    measures: ClassVar[tuple[str, ...]] = DeepRegressor.measures

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)
