"""`TextClassifier`: classes of texts, from a checkpoint of the Hugging Face model zoo."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.deep.classifier import DeepClassifier
from pipeline.estimators.class_weights import is_class_weight, to_class_weight
from pipeline.estimators.params import Rule, declare
from pipeline.transfer.estimator import TextEstimator
from pipeline.transfer.model import TextClassificationModel
from pipeline.transfer.trainers import ClassTrainer


class TextClassifier(TextEstimator[TextClassificationModel]):
    """Classes of texts, or of pairs of texts, by a BERT-like encoder.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. `textCol`, `labelCol`
        and `checkpoint` must be given; `strategy` says how the checkpoint is used, and its help
        when each way is right.

    Notes
    -----
    The network is trained by pipeline.deep: validation rows, early stopping, callbacks,
    checkpoints and the gang are as of `DeepClassifier`. A text longer than `windows` windows of
    `max_length` tokens is cut; the log says how many were. With `strategy=frozen` the base runs
    over the rows once, and an epoch costs no more than the new layer.

    Examples
    --------
    >>> from pipeline.transfer import TextClassifier  # doctest: +SKIP
    >>> model = TextClassifier(
    ...     textCol="review", labelCol="label", checkpoint="s3://models/minilm"
    ... ).fit(reviews)  # doctest: +SKIP
    """

    trainer = ClassTrainer
    measures: ClassVar[tuple[str, ...]] = DeepClassifier.measures

    class_weight = declare(
        "class_weight",
        "what classes weigh: none, balanced (each as much as the others), or a map of class to "
        "weight",
        to_class_weight,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("class_weight", is_class_weight, "none, balanced, or a map of class to weight"),
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(class_weight="none")
        self.setParams(**params)
