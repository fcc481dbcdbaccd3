"""Boosting: sequential XGBoost, one booster trained by a gang."""

from pipeline.boosting.estimator import BoostingClassificationModel, BoostingClassifier

__all__ = ["BoostingClassificationModel", "BoostingClassifier"]
