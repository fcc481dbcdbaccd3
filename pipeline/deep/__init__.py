"""Deep networks: MXNet, trained data-parallel by a gang with Horovod."""

from pipeline.deep.estimator import DeepClassificationModel, DeepClassifier

__all__ = ["DeepClassificationModel", "DeepClassifier"]
