"""`DeepClassifier`: MXNet with Horovod inside Spark, as a Spark ML Estimator; the driver half."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pipeline.deep.params import DeepParams
from pipeline.deep.training import DeepTask, train_epochs
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.gang_estimator import GangEstimator
from pipeline.estimators.model import EnsembleModel
from pipeline.spark.resources import GangPlan

_TASK_PARAMS = (
    *("hidden", "dropout", "learning_rate", "weight_decay"),
    *("epochs", "batch_size", "patience", "seed"),
)


class DeepClassificationModel(EnsembleModel):
    """A trained network; its native files are MXNet's symbol and params."""

    kind: ClassVar[str] = "deep"


class DeepClassifier(GangEstimator[DeepClassificationModel], DeepParams):
    """A multilayer perceptron with embeddings for categories, trained by a gang of Spark workers.

    Each worker computes gradients on its own shard; Horovod averages them at every step, so all
    workers hold one network.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    Numbers are standardised with the training rows' mean and deviation; a missing one becomes the
    mean and is marked by an input of its own. Missing and unseen categories share one embedding.
    With a validation indicator column the model keeps the weights of the epoch with the lowest
    validation log loss.

    Examples
    --------
    >>> from pipeline.deep import DeepClassifier  # doctest: +SKIP
    >>> model = DeepClassifier(featuresCols=["distance"], labelCol="late").fit(frame)
    ... # doctest: +SKIP
    """

    model_class = DeepClassificationModel

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = DeepTask(
            shards=job.shards,
            features=job.features,
            classes=len(job.label.classes),
            **{name: self.value(name) for name in _TASK_PARAMS},
        )
        first, measures = self._run_gang(
            job,
            partial(train_epochs, task),
            collective="horovod",
            step="epoch",
            most=task.epochs,
        )
        history = first["history"]
        best = {"best_epoch": first["best_epoch"], "epochs": len(history)}
        return Trained(first["files"], {**measures, **best}, history)
