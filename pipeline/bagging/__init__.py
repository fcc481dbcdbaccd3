"""Bagging: bootstrap replicas trained in parallel over the cluster, out-of-bag error."""

from pipeline.bagging.estimator import BaggingClassificationModel, BaggingClassifier

__all__ = ["BaggingClassificationModel", "BaggingClassifier"]
