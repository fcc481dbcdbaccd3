"""`BaggingClassifier`: bootstrap replicas in parallel tasks, as a Spark ML Estimator."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline import files
from pipeline.bagging.params import BaggingParams
from pipeline.bagging.replicas import BaggingTask, judge_rows, replica_uri, train_replicas
from pipeline.bagging.resampling import in_bag_counts
from pipeline.bagging.votes import OutOfBag
from pipeline.estimators.estimator import EnsembleEstimator, FitJob, Trained
from pipeline.estimators.model import EnsembleModel
from pipeline.progress import Follower, Tracker, track
from pipeline.spark.causes import executors_speak
from pipeline.spark.resources import capacity_of
from pipeline.spark.told import heard, telling

if TYPE_CHECKING:
    import numpy.typing as npt
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_WAVES = 4  # tasks per slot: the last ones to finish leave less idle
_RANGE_ROWS = 1_000_000


class BaggingClassificationModel(EnsembleModel):
    """A bagged ensemble; its native files are XGBoost models, one per replica."""

    kind: ClassVar[str] = "bagging"

    def inBagCounts(self, replica: int) -> npt.NDArray[np.int64]:  # noqa: N802
        """How often each training row, in the order of its identity, was drawn into a replica."""
        metadata = self.metadata
        return in_bag_counts(metadata["seed"], replica, metadata["rows"]["train"])


class BaggingClassifier(EnsembleEstimator[BaggingClassificationModel, int], BaggingParams):
    """Bagged classification trees: each replica is trained on its own bootstrap sample.

    Every host reads all training rows once, every worker process bins them once, and each task
    trains whole replicas on weights instead of copies. So the data must fit one worker.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.

    Notes
    -----
    A replica's sample is n draws out of n rows, a function of (seed, replica, row identity): the
    same for any partitioning and any number of tasks. Class probabilities are the mean over
    replicas (soft vote). `metrics["out_of_bag"]` holds the error on rows that a replica has not
    seen. Rows marked by the validation indicator column are left out of training.

    References
    ----------
    L. Breiman, "Bagging Predictors", Machine Learning 24 (1996); "Out-of-Bag Estimation" (1996).

    Examples
    --------
    >>> from pipeline.bagging import BaggingClassifier  # doctest: +SKIP
    >>> trees = BaggingClassifier(featuresCols=["distance"], labelCol="late")  # doctest: +SKIP
    >>> trees.fit(frame).metrics["out_of_bag"]["error"]  # doctest: +SKIP
    """

    model_class = BaggingClassificationModel

    def _lay_out(self, spark: SparkSession) -> int:
        """Tasks to cut the replicas into."""
        return int(min(self.value("replicas"), self._slots(spark) * _WAVES))

    def _shard_count(self, spark: SparkSession, layout: int) -> int:
        return self._slots(spark)

    def _slots(self, spark: SparkSession) -> int:
        """Tasks that run at once when all executors are there."""
        return max(capacity_of(spark).slots(_task_cpus(spark), 0), 1)

    def _train(self, job: FitJob[int]) -> Trained:
        began = time.monotonic()
        task = BaggingTask(
            job.shards,
            job.features,
            len(job.label.classes),
            self.learner_params(),
            self.value("seed"),
            _task_cpus(job.spark),
        )
        replicas = self.value("replicas")
        context = job.spark.sparkContext
        with executors_speak():
            with Follower(track("bagging", "replica", replicas), _counter(job.scratch)):
                _run_tasks(context, task, replicas, job.layout)
            judged = _judge(context, task, job.layout)
        natives = {
            uri.rpartition("/")[2]: files.read_bytes(uri)
            for uri in (replica_uri(job.scratch, replica) for replica in range(replicas))
        }
        metrics = {
            "train_seconds": round(time.monotonic() - began, 3),
            "replicas": replicas,
            "tasks": job.layout,
            "out_of_bag": {
                "error": judged.error,
                "rows": judged.rows,
                "rows_without_vote": judged.rows_without_vote,
            },
        }
        return Trained(natives, metrics, [])


def _task_cpus(spark: SparkSession) -> int:
    return int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)


def _run_tasks(context: SparkContext, task: BaggingTask, replicas: int, tasks: int) -> None:
    """Train all replicas: one Spark job, a run of replicas per task."""

    def train(place: int, own: Iterable[int]) -> Iterator[int]:
        return train_replicas(task, place, own)

    places = context.parallelize(range(replicas), tasks)
    done = heard(places.mapPartitionsWithIndex(telling(train)).collect())
    logger.info("bagging: %d replicas in %d tasks", len(done), tasks)


def _judge(context: SparkContext, task: BaggingTask, tasks: int) -> OutOfBag:
    """The out-of-bag estimate over all rows: one Spark job, a range of rows per task."""
    starts = list(range(0, task.rows, _RANGE_ROWS))

    def judge(own: Iterable[int]) -> Iterator[OutOfBag]:
        for start in own:
            yield judge_rows(task, tasks, start, min(start + _RANGE_ROWS, task.rows))

    places = context.parallelize(starts, len(starts))
    return reduce(add, heard(places.mapPartitions(telling(judge)).collect()))


def _counter(scratch: str) -> Callable[[Tracker], None]:
    """Counts the replicas that are written."""
    uri = replica_uri(scratch, 0).rpartition("/")[0]

    def count(tracker: Tracker) -> None:
        tracker.step(sum(name.endswith(".ubj") for name in files.children(uri)))

    return count
