"""The driver half of a fit: Spark jobs that train, judge and merge; the driver holds no replica."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial, reduce
from operator import add
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession

from pipeline import files
from pipeline.bagging.curve import is_flat, rows_of
from pipeline.bagging.importance import Shuffled, importance_of
from pipeline.bagging.learners.registry import replicas_in
from pipeline.bagging.merged import can_merge, merge_replicas
from pipeline.bagging.out_of_bag import directory_of
from pipeline.bagging.placement import Placement
from pipeline.bagging.replicas import BaggingTask, Piece, Trained, judge_rows, train_replicas
from pipeline.bagging.sharded import GangTask, train_sharded
from pipeline.bagging.store import ReplicaStore, merged_name
from pipeline.bagging.votes import OutOfBag
from pipeline.estimators import estimator
from pipeline.estimators.gang_estimator import run_tracked_gang
from pipeline.progress import Follower, Tracker, track
from pipeline.spark.causes import executors_speak
from pipeline.spark.gang import GangLimits
from pipeline.spark.memory import require_memory
from pipeline.spark.resources import GangPlan
from pipeline.spark.told import heard, telling

logger = logging.getLogger(__name__)

RANGE_ROWS = 1_000_000
"""Rows whose votes one task judges."""

_GANG_MEMORY_FACTOR = 2.0  # as for boosting, whose trees these are

Curve = list[tuple[int, OutOfBag]]


@dataclass(frozen=True)
class BaggingFit:
    """One fit, once its rows are written as shards.

    Parameters
    ----------
    spark : SparkSession
        The session.
    task : BaggingTask
        What every task is asked to do.
    store : ReplicaStore
        Where replicas lie.
    replicas : int
        Replicas, at most.
    placement : Placement or None
        Where they are trained, and why.
    slots : int
        Tasks that run at once.
    early_stopping : int
        Replicas over which the error must be flat for training to stop; 0: never.
    tolerance : float
        The least improvement that counts, as a share of the error.
    keeps_rows : bool
        Whether each row's out-of-bag prediction is kept.
    """

    spark: SparkSession
    task: BaggingTask
    store: ReplicaStore
    replicas: int
    placement: Placement | None
    slots: int
    early_stopping: int
    tolerance: float
    keeps_rows: bool

    def by_tasks(self) -> estimator.Trained:
        """Replicas in parallel tasks."""
        began = time.monotonic()
        with executors_speak(), self._discarding():
            with Follower(track("bagging", "replica", self.replicas), self._count):
                done, curve, shuffled = self._train_in_tasks()
            return self._trained(began, done, curve, shuffled, {"slots": self.slots})

    def by_gang(self, plan: GangPlan, limits: GangLimits) -> estimator.Trained:
        """Replicas one by one, each by all workers of a gang."""
        began = time.monotonic()
        require_memory(self.spark, plan, self.task.shards, _GANG_MEMORY_FACTOR, "bagging")
        gang = GangTask(
            self.task, self.replicas, self.early_stopping, self.tolerance, self.keeps_rows
        )
        with self._discarding():
            first, measures = run_tracked_gang(
                self.spark,
                plan,
                partial(train_sharded, gang),
                name="bagging",
                collective="rabit",
                limits=limits,
                step="replica",
                most=self.replicas,
            )
            found = (first["replicas"], first["curve"], first["shuffled"])
            return self._trained(began, *found, measures)

    def _train_in_tasks(self) -> tuple[int, Curve, list[Shuffled]]:
        curve: Curve = []
        shuffled: list[Shuffled] = []
        wanted = self.task.points if self.early_stopping else (self.replicas,)
        start = 0
        for wave, stop in enumerate(wanted):
            pieces = []
            for found in self._run(start, stop):
                if isinstance(found, Piece):
                    pieces.append(found)
                elif found.shuffled is not None:
                    shuffled.append(found.shuffled)
            start = stop
            if self.task.points:
                curve += self._judge(pieces, wave)
            if is_flat(curve, self.early_stopping, self.tolerance):
                logger.info("bagging: the out-of-bag error is flat at %d replicas", stop)
                break
        if self.keeps_rows:
            self._keep_rows(wave, start)
        return start, curve, shuffled

    def _run(self, start: int, stop: int) -> list[Trained | Piece]:
        """Train replicas: one Spark job, a run of replicas per task."""
        task = self.task

        def train(place: int, own: Iterable[range]) -> Iterator[Trained | Piece]:
            return train_replicas(task, place, [each for run in own for each in run])

        runs = runs_of(start, stop, self.slots)
        places = self._context.parallelize(runs, len(runs))
        return heard(places.mapPartitionsWithIndex(telling(train)).collect())

    def _judge(self, pieces: list[Piece], wave: int) -> Curve:
        """The out-of-bag estimate at each point: one Spark job, a range of rows per task."""
        task = self.task
        before = self._sums(wave - 1) if wave else None
        after = self._sums(wave) if self.early_stopping or self.keeps_rows else None

        def judge(start: int) -> list[OutOfBag]:
            stop = min(start + RANGE_ROWS, task.rows)
            return judge_rows(
                task,
                pieces,
                start,
                stop,
                before=before and f"{before}-{start}",
                after=after and f"{after}-{start}",
            )

        totals = self._over_ranges(judge)
        points = sorted({piece.point for piece in pieces})
        return [
            (point, reduce(add, (ranges[place] for ranges in totals)))
            for place, point in enumerate(points)
        ]

    def _keep_rows(self, wave: int, replicas: int) -> None:
        """Write each row's out-of-bag prediction: one Spark job."""
        task, sums = self.task, self._sums(wave)
        target = files.join(self.store.uri, directory_of(task.ballot, replicas))

        def keep(start: int) -> list[OutOfBag]:
            stop = min(start + RANGE_ROWS, task.rows)
            uri = files.join(target, f"part-{start // RANGE_ROWS:05d}.parquet")
            return judge_rows(task, [], start, stop, before=f"{sums}-{start}", rows_uri=uri)

        self._over_ranges(keep)

    def _over_ranges(self, work: Callable[[int], list[OutOfBag]]) -> list[list[OutOfBag]]:
        starts = list(range(0, self.task.rows, RANGE_ROWS))

        def run(own: Iterable[int]) -> Iterator[list[OutOfBag]]:
            return map(work, own)

        places = self._context.parallelize(starts, len(starts))
        return heard(places.mapPartitions(telling(run)).collect())

    def _trained(
        self,
        began: float,
        done: int,
        curve: Curve,
        shuffled: list[Shuffled],
        measures: dict[str, Any],
    ) -> estimator.Trained:
        task = self.task
        rows = directory_of(task.ballot, done) if self.keeps_rows else None
        merged = merged_name(done) if can_merge(task.learner, task.ballot.combine) else None
        if merged is not None:
            self._merge(done)
        metrics = {
            **measures,
            "train_seconds": round(time.monotonic() - began, 3),
            "replicas": done,
        }
        if curve:
            last = curve[-1][1]
            metrics["out_of_bag"] = {
                "error": last.error,
                "rows": last.rows,
                "rows_without_vote": last.rows_without_vote,
            }
        metadata: dict[str, Any] = {
            "bagging": {
                "learner": task.learner.name,
                "learner_params": dict(task.learner.params),
                "sampling": task.sampling.to_json(),
                "combine": task.ballot.combine,
                "class_weights": list(task.class_weights),
                "placement": asdict(self.placement) if self.placement else None,
                "merged": merged,
                "rows": rows,
            }
        }
        if task.importance:
            metadata["importance"] = importance_of(shuffled, task.learner.features.names)
        natives = self.store.files_of(task, done, merged, rows)
        return estimator.Trained(natives, metrics, rows_of(curve), metadata)

    def _merge(self, replicas: int) -> None:
        """Make one booster of all replicas, for scoring: one Spark job of one task."""
        task = self.task

        def merge(_places: Iterable[int]) -> Iterator[int]:
            merge_replicas(task, replicas)
            yield replicas

        with executors_speak():
            heard(self._context.parallelize([0], 1).mapPartitions(telling(merge)).collect())

    def _count(self, tracker: Tracker) -> None:
        """Count the replicas that are written."""
        found = replicas_in(files.children(self.store.uri), self.task.learner.name)
        tracker.step(min(len(found), self.replicas))

    def _sums(self, wave: int) -> str:
        return files.join(self.task.shards.uri, "votes", f"sums-{wave:06d}")

    @property
    def _context(self) -> SparkContext:
        return self.spark.sparkContext

    def _discarding(self) -> _Discarding:
        return _Discarding(self.store)


class _Discarding:
    """Gives up a store's replicas when what is done inside fails."""

    def __init__(self, store: ReplicaStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is not None:
            self._store.discard()


def runs_of(start: int, stop: int, slots: int) -> list[range]:
    """Cut replicas into runs, one for each task: long ones first, so that all slots end together.

    Each run is half of a slot's fair share of what is left.
    """
    runs = []
    while start < stop:
        size = max((stop - start) // (2 * slots), 1)
        runs.append(range(start, start + size))
        start += size
    return runs
