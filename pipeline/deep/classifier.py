"""`DeepClassifier`: a network for classes."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.deep.estimator import DeepEstimator
from pipeline.deep.model import DeepClassificationModel
from pipeline.estimators.class_weights import is_class_weight, to_class_weight, weights_of
from pipeline.estimators.estimator import FitJob
from pipeline.estimators.params import Rule, declare
from pipeline.spark.resources import GangPlan


class DeepClassifier(DeepEstimator[DeepClassificationModel]):
    """A network for classes, with embeddings for categories, trained by a gang of Spark workers.

    Each worker computes gradients on its own shard; Horovod sums them at every step, so all
    workers hold one network.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    Numbers are standardised with the training rows' mean and deviation; a missing one becomes the
    mean, and is marked by an input of its own where training has seen any. Missing and unseen
    categories share one embedding. With validation rows the model keeps the weights of the best
    epoch by `monitor`. A step whose
    gradient is not finite is skipped and counted; ten in a row end the fit. `class_weight`
    multiplies row weights, of validation rows too.

    Examples
    --------
    >>> from pipeline.deep import DeepClassifier  # doctest: +SKIP
    >>> model = DeepClassifier(featuresCols=["distance"], labelCol="late").fit(frame)
    ... # doctest: +SKIP
    """

    model_class = DeepClassificationModel
    measures: ClassVar[tuple[str, ...]] = ("logloss", "accuracy", "auc")

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

    def _class_weights(self, job: FitJob[GangPlan]) -> tuple[float, ...]:
        return weights_of(self.value("class_weight"), job.described)
