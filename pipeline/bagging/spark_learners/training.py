"""Training and judging replicas by Spark jobs, a few at a time; the driver holds none of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.bagging.curve import is_flat, points_of, rows_of
from pipeline.bagging.out_of_bag import directory_of
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.plan import Plan
from pipeline.bagging.spark_learners.pool import in_threads
from pipeline.bagging.spark_learners.scorers import scorer_of
from pipeline.bagging.spark_learners.store import MemberStore
from pipeline.bagging.spark_learners.table import in_bag
from pipeline.bagging.spark_learners.votes import Block, Count, blocks_of
from pipeline.bagging.votes import Ballot, OutOfBag
from pipeline.data.encoding import LabelSchema
from pipeline.estimators.estimator import Trained
from pipeline.progress import Tracker, track
from pipeline.spark.causes import executors_speak

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.bagging.estimator import BaggingEstimator

logger = logging.getLogger(__name__)

MEMBERS_AT_ONCE = 32
"""Replicas whose votes one pass over the rows counts: what one plan holds."""

Curve = list[tuple[int, OutOfBag]]


class JobsFit:
    """One fit, once its rows are prepared.

    Parameters
    ----------
    estimator : BaggingEstimator
        With all its params.
    plan : Plan
        What is trained.
    store : MemberStore
        Where replicas lie.
    members : Members
        What they are.
    ballot : Ballot
        How they vote.
    scratch : str
        URI for votes.
    """

    def __init__(
        self,
        estimator: BaggingEstimator[Any],
        plan: Plan,
        store: MemberStore,
        members: Members,
        ballot: Ballot,
        scratch: str,
    ) -> None:
        self._value = estimator.value
        self._plan = plan
        self._store = store
        self._members = members
        self._ballot = ballot
        self._scratch = scratch
        self._counts = Count(ballot, plan.sampling, members.seed)
        self._votes: str | None = None  # where those of all replicas so far lie

    def run(self, frame: DataFrame, label: LabelSchema, class_weights: Sequence[float]) -> Trained:
        """Train all replicas, wave by wave where training may stop early."""
        began = time.monotonic()
        wanted, stopping = self._value("replicas"), self._value("early_stopping")
        points = points_of(wanted, stopping)
        curve: Curve = []
        done = 0
        with executors_speak(), track("bagging", "replica", wanted) as tracker:
            for stop in points if stopping else (wanted,):
                self._train(frame, range(done, stop), tracker)
                if self._value("out_of_bag") != "none":
                    curve += self._judge(frame, done, stop, points)
                done = stop
                if is_flat(curve, stopping, self._value("early_stopping_tolerance")):
                    logger.info("bagging: the out-of-bag error is flat at %d replicas", stop)
                    break
            rows = self._keep_rows(frame, label, done)
        seconds = round(time.monotonic() - began, 3)
        metrics = {"parallelism": self._value("parallelism"), "train_seconds": seconds}
        return self._trained({**metrics, "replicas": done}, curve, rows, class_weights)

    def _train(self, frame: DataFrame, replicas: range, tracker: Tracker) -> None:
        """Train and save the replicas that are not there yet."""
        there = self._store.done()
        missing = [replica for replica in replicas if replica not in there]
        done = replicas.stop - len(missing)

        def train(replica: int) -> None:
            sample = in_bag(frame, self._members.seed, replica, self._plan.sampling.max_samples)
            self._store.save(self._members, self._members.train(sample, replica), replica)

        for _ in in_threads(train, missing, self._value("parallelism")):
            done += 1
            tracker.step(done)
        if not missing:
            tracker.step(done)

    def _judge(self, frame: DataFrame, start: int, stop: int, points: tuple[int, ...]) -> Curve:
        """The out-of-bag estimate at the points of these replicas."""
        found: Curve = []
        for block in blocks_of(start, stop, points, MEMBERS_AT_ONCE):
            found += self._counts.measure(self._counted(frame, block), block)
        return [(point, estimate) for point, estimate in found if point in points]

    def _counted(self, frame: DataFrame, block: Block) -> DataFrame:
        """Votes at the points of a block, of all replicas up to there."""

        def load(replica: int) -> tuple[int, Any]:
            return replica, self._store.load(self._members, replica)

        models = sorted(
            in_threads(load, block.replicas, self._value("parallelism")), key=lambda pair: pair[0]
        )
        read = frame.sparkSession.read
        before = None if self._votes is None else read.parquet(self._votes)
        uri = files.join(self._scratch, "votes", f"{block.replicas.stop:06d}")
        with closing(scorer_of(self._members, models)) as scorer:
            self._counts.write(scorer.scored(frame), block, before, uri)
        self._votes = uri
        return read.parquet(uri)

    def _keep_rows(self, frame: DataFrame, label: LabelSchema, replicas: int) -> str | None:
        """Write each row's out-of-bag prediction where that is asked for; returns the directory."""
        if self._value("out_of_bag") != "rows" or self._votes is None:
            return None
        votes = frame.sparkSession.read.parquet(self._votes)
        return self._store.rows(
            directory_of(self._ballot, replicas), partial(self._counts.keep_rows, votes, label)
        )

    def _trained(
        self,
        metrics: dict[str, Any],
        curve: Curve,
        rows: str | None,
        class_weights: Sequence[float],
    ) -> Trained:
        if curve:
            last = curve[-1][1]
            metrics["out_of_bag"] = {
                "error": last.error,
                "rows": last.rows,
                "rows_without_vote": last.rows_without_vote,
            }
        facts = {
            "learner": self._plan.name,
            "learner_params": dict(self._plan.params),
            "sampling": self._plan.sampling.to_json(),
            "combine": self._ballot.combine,
            "class_weights": list(class_weights),
            "placement": asdict(self._plan.placement),
            "merged": None,
            "rows": rows,
        }
        natives = self._store.natives(metrics["replicas"], rows)
        return Trained(natives, metrics, rows_of(curve), {"bagging": facts})
