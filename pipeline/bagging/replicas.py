"""The executor half of task placement: a task trains replicas one after the other on all rows.

The rows are prepared once in each Python worker process (binned, encoded) and stay for the next
task of the same fit. A replica that is in the store already, from an attempt that was killed, is
read instead of trained; it votes all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from pipeline import files
from pipeline.bagging.importance import Shuffled, shuffled_losses
from pipeline.bagging.learners.learner import LearnerSpec, Member
from pipeline.bagging.learners.registry import (
    file_name,
    open_learner,
    open_member,
    replicas_in,
)
from pipeline.bagging.out_of_bag import write_rows
from pipeline.bagging.resampling import SampledRows, Sampling, columns_of, draw, learner_seed
from pipeline.bagging.votes import Ballot, OutOfBag, Votes
from pipeline.boosting.allocator import give_back
from pipeline.data.encoding import LabelSchema
from pipeline.errors import UserError
from pipeline.spark.scratch import require_visible
from pipeline.spark.shard_file import Floats, Integers, Shard
from pipeline.spark.shards import ShardSet


@dataclass(frozen=True)
class BaggingTask:
    """What every task, or every worker of a gang, is asked to do.

    Parameters
    ----------
    shards : ShardSet
        All rows.
    label : LabelSchema
        What the labels mean.
    learner : LearnerSpec
        What a replica is.
    sampling : Sampling
        How its rows are drawn.
    ballot : Ballot
        How it votes on rows that it has not seen.
    class_weights : tuple of float
        What rows of each class weigh; empty: 1.
    seed : int
        The ensemble's seed.
    store : str
        Where replicas are written.
    points : tuple of int
        Numbers of replicas, ascending, at which the out-of-bag error is measured; none: it is not.
    importance : bool
        Whether columns are shuffled to see what they are worth.
    """

    shards: ShardSet
    label: LabelSchema
    learner: LearnerSpec
    sampling: Sampling
    ballot: Ballot
    class_weights: tuple[float, ...]
    seed: int
    store: str
    points: tuple[int, ...]
    importance: bool

    @property
    def rows(self) -> int:
        """Training rows."""
        return self.shards.rows["train"]

    def uri_of(self, replica: int) -> str:
        """Where a replica is written."""
        return files.join(self.store, file_name(self.learner.name, replica))

    def point_of(self, replica: int) -> int:
        """The first point at which a replica counts; 0 where nothing is measured."""
        return next((point for point in self.points if replica < point), 0)

    def already_there(self) -> set[int]:
        """Replicas that an earlier attempt has written."""
        return replicas_in(files.children(self.store), self.learner.name)


@dataclass(frozen=True)
class Trained:
    """A replica that is in the store.

    Parameters
    ----------
    replica : int
        Which one.
    shuffled : Shuffled or None
        Its errors on shuffled columns.
    """

    replica: int
    shuffled: Shuffled | None = None


@dataclass(frozen=True)
class Piece:
    """Votes that a task has written: of its replicas up to a point."""

    point: int
    uri: str


class Workshop:
    """The rows of a fit in one process, and all that is done to them for a replica.

    Parameters
    ----------
    task : BaggingTask
        What to do.
    shard : Shard
        All training rows, or a gang worker's own.
    threads : int
        Threads to compute with.
    gpus : tuple of str
        Addresses of GPUs.
    on_chunk : callable, optional
        Called after every chunk of rows that was prepared.
    """

    def __init__(
        self,
        task: BaggingTask,
        shard: Shard,
        threads: int,
        gpus: tuple[str, ...] = (),
        on_chunk: Callable[[], None] | None = None,
    ) -> None:
        self.task = task
        self.shard = shard
        self._threads = threads
        self._learner = open_learner(task.learner, shard, threads, gpus, on_chunk)
        self._base = _base_weights(shard, task.class_weights)
        self._sampled = SampledRows(
            shard.rows,
            shard.ids if task.sampling.scheme == "poisson" else None,
            shard.labels if task.sampling.is_stratified else None,
            shard.groups,
        )

    def counts(self, replica: int) -> Integers:
        """How often each row is drawn into a replica."""
        return draw(self.task.sampling, self.task.seed, replica, self._sampled)

    def train(self, replica: int, counts: Integers) -> Member:
        """Train a replica on the rows that were drawn."""
        task = self.task
        weights = counts.astype(np.float32)
        if self._base is not None:
            weights *= self._base
        columns = columns_of(task.sampling, task.seed, replica, task.learner.features.width)
        member = self._learner.train(weights, learner_seed(task.seed, replica), columns)
        give_back()
        return member

    def open(self, replica: int) -> Member:
        """A replica that is in the store."""
        data = files.read_bytes(self.task.uri_of(replica))
        return open_member(self.task.learner, data, self._threads)

    def vote(self, votes: Votes, member: Member, counts: Integers) -> None:
        """Let a replica vote on the rows it has not seen."""
        votes.add(self._learner.scores(member), counts == 0)

    def shuffled(self, replica: int, member: Member, counts: Integers) -> Shuffled | None:
        """A replica's errors on shuffled columns, where that is asked for."""
        if not self.task.importance:
            return None
        return shuffled_losses(
            member, self.shard, counts == 0, self.task.ballot, self.task.seed, replica
        )


# The workshop of the fit that this process last worked for.
_open: dict[str, Workshop] = {}


def forget() -> None:
    """Let go of the rows of the fit that this process last worked for."""
    _open.clear()


def train_replicas(
    task: BaggingTask, place: int, replicas: Iterable[int]
) -> Iterator[Trained | Piece]:
    """Train replicas, write each to the store as it is done, and their votes up to each point."""
    replicas = list(replicas)
    there = task.already_there()
    workshop: Workshop | None = None
    for point, own in groupby(replicas, key=task.point_of):
        votes = Votes(task.rows, task.ballot)
        for replica in own:
            if replica in there and not point:
                yield Trained(replica)
                continue
            workshop = workshop or _workshop(task)
            member, counts = _made(workshop, replica, is_there=replica in there)
            if point:
                workshop.vote(votes, member, counts)
            yield Trained(replica, workshop.shuffled(replica, member, counts))
        if point:
            uri = files.join(task.shards.uri, "votes", f"{point:06d}-{replicas[0]:06d}-{place}.bin")
            votes.write(uri)
            yield Piece(point, uri)


def _made(workshop: Workshop, replica: int, *, is_there: bool) -> tuple[Member, Integers]:
    """A replica, trained and written unless it is there, and the draws of its sample."""
    task = workshop.task
    counts = workshop.counts(replica)
    if is_there:
        return workshop.open(replica), counts
    require_visible(task.shards.uri)  # a fit that was ended has no scratch any more
    member = workshop.train(replica, counts)
    files.write_bytes(task.uri_of(replica), member.save())
    return member, counts


def judge_rows(
    task: BaggingTask,
    pieces: list[Piece],
    start: int,
    stop: int,
    *,
    before: str | None = None,
    after: str | None = None,
    rows_uri: str | None = None,
) -> list[OutOfBag]:
    """The out-of-bag estimate of the rows from `start` to `stop`, at each point of the pieces.

    Parameters
    ----------
    task : BaggingTask
        The fit.
    pieces : list of Piece
        What tasks have written.
    start, stop : int
        The rows.
    before, after : str, optional
        Where the sums of an earlier call lie, and where to write those of this one.
    rows_uri : str, optional
        Where to write each row's prediction.
    """
    shard = task.shards.open_all("train")
    own = slice(start, stop)
    labels = shard.labels[own]
    weights = None if shard.weights is None else shard.weights[own]
    votes = Votes(len(labels), task.ballot)
    if before is not None:
        votes.add_written(before, len(labels), 0)
    found = []
    for _, group in groupby(sorted(pieces, key=lambda piece: piece.point), lambda each: each.point):
        for piece in group:
            votes.add_written(piece.uri, task.rows, start)
        found.append(votes.measure(labels, weights))
    if after is not None:
        votes.write(after)
    if rows_uri is not None:
        write_rows(rows_uri, task.label, task.ballot, shard.ids[own], votes)
    return found


def require_store(task: BaggingTask) -> None:
    """Raise unless this host sees the place where replicas are kept."""
    if not files.exists(files.join(task.store, STORE_MARK)):
        raise UserError(
            f"an executor does not see {task.store}, where replicas are kept. Set checkpoint_dir "
            "(for jobs: output) to a URI that every node reaches: s3://, hdfs://, or a shared file "
            "system"
        )


STORE_MARK = "fit.json"


def _workshop(task: BaggingTask) -> Workshop:
    from pyspark import TaskContext

    key = task.shards.uri
    if key not in _open:
        forget()
        require_visible(task.shards.uri)
        require_store(task)
        context = TaskContext.get()
        found = {} if context is None else context.resources()
        gpus = tuple(found["gpu"].addresses) if "gpu" in found else ()
        _open[key] = Workshop(task, task.shards.open_all("train"), _cpus(context), gpus)
    return _open[key]


def _cpus(context: object) -> int:
    return int(getattr(context, "cpus", lambda: 1)() or 1)


def _base_weights(shard: Shard, class_weights: tuple[float, ...]) -> Floats | None:
    """What rows weigh before they are drawn."""
    if not class_weights:
        return shard.weights
    by_class = np.asarray(class_weights, dtype=np.float32)[shard.labels.astype(np.int64)]
    return np.asarray(by_class if shard.weights is None else by_class * shard.weights)
