"""What XGBoost trees of a replica minimise; known without XGBoost, so that the driver knows it."""

from __future__ import annotations

from pipeline.bagging.learners.learner import LearnerSpec

SQUARED = "reg:squarederror"

TWO_CLASSES = (SQUARED, "binary:logistic")
MANY_CLASSES = (SQUARED, "multi:softprob")
NUMBERS = (
    *(SQUARED, "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
    *("reg:squaredlogerror", "reg:gamma", "reg:tweedie", "count:poisson"),
)
"""Objectives whose predictions are the probability, the probabilities or the value."""


def objective_of(spec: LearnerSpec) -> str:
    """The objective that was given, or the default.

    One tree on squared error is a classification or regression tree; several trees of a classifier
    are boosted on log loss.
    """
    given = spec.params.get("objective")
    if given:
        return str(given)
    if spec.params.get("rounds", 1) == 1 or not spec.classes:
        return SQUARED
    return "binary:logistic" if spec.classes == 2 else "multi:softprob"
