"""What training inside Spark costs: each trainer against the same native training without Spark.

Flights training split, a standalone cluster of two Workers of one core. Both sides of a pair read
the same shards, in turn, in one run: the native one in a single process with two threads, ours in
the gang (two workers of one thread) or in tasks. The ratio is ours / native, of the minima.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import common
from benchmarks.lonely import lonely_worker
from pipeline.bagging import BaggingClassifier
from pipeline.bagging.resampling import in_bag_counts
from pipeline.boosting import BoostingClassifier
from pipeline.boosting.rounds import train_rounds
from pipeline.data import flights
from pipeline.deep import DeepClassifier
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_epochs
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.spark.collectives import Horovod, Seat
from pipeline.spark.shards import ShardSet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RESULTS = common.RESULTS / "trainers.csv"
FIELDS = (
    *common.ORIGIN,
    *("trainer", "ours_s", "ours_max_s", "native_s", "native_max_s", "ratio", "what"),
)
ROUNDS, DEPTH, REPLICAS, EPOCHS = 100, 6, 40, 3
SAMPLED_TREES = 6


class Pair:
    """Times of both sides."""

    def __init__(self, trainer: str, what: str) -> None:
        self.trainer = trainer
        self.what = what
        self.ours: list[float] = []
        self.native: list[float] = []

    def row(self) -> dict[str, Any]:
        return {
            **common.origin(),
            "trainer": self.trainer,
            "ours_s": round(min(self.ours), 2),
            "ours_max_s": round(max(self.ours), 2),
            "native_s": round(min(self.native), 2),
            "native_max_s": round(max(self.native), 2),
            "ratio": round(min(self.ours) / min(self.native), 2),
            "what": self.what,
        }


def run(repeats: int) -> int:
    """Measure all three, print a table, append to the results file."""
    with common.cluster(2, 1, settings={"spark.executor.memory": "1500m"}) as cluster:
        pairs = _measure(cluster.spark, repeats)
    rows = [pair.row() for pair in pairs]
    common.append(RESULTS, FIELDS, rows)
    for row in rows:
        sys.stdout.write(
            f"{row['trainer']:<9} ours {row['ours_s']:>6} s (to {row['ours_max_s']}), native "
            f"{row['native_s']:>6} s (to {row['native_max_s']}), ratio {row['ratio']}: "
            f"{row['what']}\n"
        )
    return 0


def _measure(spark: SparkSession, repeats: int) -> list[Pair]:
    frame = flights.load(spark).sample(fraction=0.7, seed=1).cache()
    columns = {"featuresCols": list(flights.FEATURES), "labelCol": flights.LABEL}
    boosting = Pair("boosting", f"{ROUNDS} rounds of depth {DEPTH}; native: two threads")
    bagging = Pair("bagging", f"{REPLICAS} trees of depth 10; native: the trees' time / 2 cores")
    deep = Pair("deep", f"{EPOCHS} epochs, batch 2048; native: one process, two threads")
    estimators = [
        paired(BoostingClassifier, boosting, native_boosting)(
            rounds=ROUNDS, max_depth=DEPTH, **columns
        ),
        paired(BaggingClassifier, bagging, native_bagging)(replicas=REPLICAS, **columns),
        paired(DeepClassifier, deep, native_deep)(epochs=EPOCHS, batch_size=2048, **columns),
    ]
    for _ in range(repeats):
        for estimator in estimators:
            estimator.fit(frame)
    return [boosting, bagging, deep]


def paired(base: type, pair: Pair, native: Callable[[Any, FitJob[Any]], float]) -> Any:
    """The estimator, which trains natively on the same shards before it trains itself."""

    class Paired(base):  # type: ignore[misc]
        def _train(self, job: FitJob[Any]) -> Trained:
            pair.native.append(native(self, job))
            began = time.monotonic()
            trained: Trained = super()._train(job)
            pair.ours.append(time.monotonic() - began)
            return trained

    return Paired


def native_boosting(estimator: Any, job: FitJob[Any]) -> float:
    # Its checkpoints would be those that the gang finds; its booster gets another name.
    task = estimator._task(job)
    alone = replace(task, shards=_merged(job.shards), output=f"{task.output}.native", every=0)
    began = time.monotonic()
    train_rounds(alone, lonely_worker())
    return time.monotonic() - began


def native_bagging(estimator: Any, job: FitJob[Any]) -> float:
    from pipeline.bagging.learners.learner import LearnerSpec
    from pipeline.bagging.learners.trees import TreeLearner

    shard = job.shards.open_all("train")
    spec = LearnerSpec("xgboost", estimator.tree_params(), job.features, 2)
    learner = TreeLearner(shard, spec, 1)
    began = time.monotonic()
    for replica in range(SAMPLED_TREES):
        weights = in_bag_counts(0, replica, shard.rows).astype(np.float32)
        learner.scores(learner.train(weights, 0, None))
    return (time.monotonic() - began) / SAMPLED_TREES * REPLICAS / 2


def native_deep(estimator: Any, job: FitJob[Any]) -> float:
    task = DeepTask(
        shards=_merged(job.shards),
        features=job.features,
        classes=2,
        recipe=estimator.recipe(),
        seed=0,
    )
    collective = Horovod()
    collective.join(Seat(0, 1, ("127.0.0.1",)), collective.invite("127.0.0.1", 1), 60)
    began = time.monotonic()
    train_epochs(task, lonely_worker())
    seconds = time.monotonic() - began
    collective.leave()
    return seconds


def _merged(shards: ShardSet) -> ShardSet:
    """All rows as one shard."""

    class Merged(ShardSet):
        def open(self, part: Any, place: int) -> Any:
            return shards.open_all(part)

    sizes: Any = {part: (rows,) for part, rows in shards.rows.items()}
    return Merged(shards.uri, 1, shards.layout, shards.rows, sizes, shards.fingerprint)
