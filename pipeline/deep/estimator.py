"""`DeepClassifier`: MXNet with Horovod inside Spark, as a Spark ML Estimator; the driver half."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.deep.params import DeepParams
from pipeline.deep.training import DeepTask, train_epochs
from pipeline.estimators.estimator import EnsembleEstimator, FitJob, Trained
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import GangParams
from pipeline.spark.gang import run_gang
from pipeline.spark.progress import LineProgress
from pipeline.spark.resources import GangPlan, plan_gang

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class DeepClassificationModel(EnsembleModel):
    """A trained network; its native files are MXNet's symbol and params."""

    kind: ClassVar[str] = "deep"


class DeepClassifier(EnsembleEstimator[DeepClassificationModel, GangPlan], GangParams, DeepParams):
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

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    def _lay_out(self, spark: SparkSession) -> GangPlan:
        return plan_gang(spark, self.value("numWorkers"), self.gpus_per_worker)

    def _shard_count(self, spark: SparkSession, layout: GangPlan) -> int:
        return layout.workers

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = DeepTask(
            shards=job.shards,
            features=job.features,
            classes=len(job.label.classes),
            **{
                name: self.value(name)
                for name in (
                    "hidden",
                    "dropout",
                    "learning_rate",
                    "weight_decay",
                    "epochs",
                    "batch_size",
                    "patience",
                    "seed",
                )
            },
        )
        began = time.monotonic()
        results = run_gang(
            job.spark,
            job.layout,
            partial(train_epochs, task),
            name="deep",
            collective="horovod",
            limits=self.gang_limits,
            on_event=LineProgress("deep", "epoch", task.epochs),
        )
        first = results[0]
        metrics = {
            "train_seconds": round(time.monotonic() - began, 3),
            "best_epoch": first["best_epoch"],
            "epochs": len(first["history"]),
            "workers": job.layout.workers,
            "threads": job.layout.cores,
        }
        return Trained(first["files"], metrics, first["history"])
