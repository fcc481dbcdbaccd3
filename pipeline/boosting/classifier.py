"""`BoostingClassifier`: boosted trees for two classes or more."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.boosting.estimator import BoostingEstimator
from pipeline.boosting.model import BoostingClassificationModel
from pipeline.boosting.objectives import Task
from pipeline.errors import UserError
from pipeline.estimators.class_weights import is_class_weight, to_class_weight, weights_of
from pipeline.estimators.functions import is_path
from pipeline.estimators.params import Rule, declare
from pipeline.estimators.profile import Described

_METRICS = {"binary:logitraw": "auc", "binary:hinge": "error"}
"""Of objectives without probabilities, where logloss means nothing."""


class BoostingClassifier(BoostingEstimator[BoostingClassificationModel]):
    """Gradient-boosted trees for classes, trained by a gang of Spark workers.

    Each worker holds one shard of the rows, binned once; the workers add up their histograms at
    every level of every tree (rabit), so the booster is one model of all rows.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults. XGBoost's training
        params have their native names; those of xgboost.spark are accepted too.

    Notes
    -----
    Missing values are XGBoost's: nulls and NaN go where a split sends missing values. Categories
    are split natively. For a given seed, config and gang size the model is the same, byte for
    byte, however the input is partitioned or ordered, and whether training was interrupted or not.
    With validation rows and `early_stopping_rounds` the model keeps the rounds up to the best one.
    `class_weight` multiplies row weights, of validation rows too.

    References
    ----------
    T. Chen and C. Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016, section 3.

    Examples
    --------
    >>> from pipeline.boosting import BoostingClassifier  # doctest: +SKIP
    >>> booster = BoostingClassifier(featuresCols=["distance"], labelCol="late")  # doctest: +SKIP
    >>> model = booster.fit(frame)  # doctest: +SKIP
    """

    model_class = BoostingClassificationModel
    task: ClassVar[Task] = "classification"

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

    def _objective_params(self, described: Described) -> dict[str, Any]:
        classes = len(described.label.classes)
        given = self.value("objective")
        by_default = "binary:logistic" if classes == 2 else "multi:softprob"
        # Margins of an own objective become probabilities as by default, for XGBoost's metrics too.
        objective = by_default if given is None or is_path(given) else str(given)
        is_multi = objective.startswith("multi:")
        if not is_multi and classes > 2:
            raise UserError(f"objective {objective} is for two classes, the label has {classes}")
        return {
            "objective": objective,
            **self._metric_params("mlogloss" if is_multi else _METRICS.get(objective, "logloss")),
            **(self._of_several(classes) if is_multi else {}),
        }

    def _of_several(self, classes: int) -> dict[str, Any]:
        start = self.value("base_score")
        if start is None:
            return {"num_class": classes}
        # One number for all is written in another way by a booster that was read from a file.
        return {"num_class": classes, "base_score": str([start] * classes)}

    def _class_weights(self, described: Described) -> tuple[float, ...]:
        return weights_of(self.value("class_weight"), described)

    def _margins(self, described: Described) -> int:
        return int(self._objective_params(described).get("num_class", 1))
