"""The executor half: a task trains its replicas one after the other on rows read once.

The rows are binned once in each Python worker process and stay for the next task of the same fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.bagging.resampling import in_bag_counts, learner_seed
from pipeline.bagging.votes import OutOfBag, Votes, out_of_bag
from pipeline.data.encoding import FeatureSchema
from pipeline.spark.scratch import require_visible
from pipeline.spark.shards import ShardSet

if TYPE_CHECKING:
    from pipeline.bagging.learner import TreeLearner


@dataclass(frozen=True)
class BaggingTask:
    """What every task is asked to do.

    Parameters
    ----------
    shards : ShardSet
        All rows.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label.
    params : dict
        Tree params.
    seed : int
        The ensemble's seed.
    threads : int
        Threads of a task.
    """

    shards: ShardSet
    features: FeatureSchema
    classes: int
    params: dict[str, Any]
    seed: int
    threads: int

    @property
    def rows(self) -> int:
        """Training rows."""
        return self.shards.rows["train"]

    @property
    def targets(self) -> int:
        """Columns of a tree's prediction."""
        return 1 if self.classes == 2 else self.classes


# The learner of the fit that this process last worked for.
_ingested: dict[str, TreeLearner] = {}


def replica_uri(scratch: str, replica: int) -> str:
    """Where a replica lies until the model is published."""
    return files.join(scratch, "replicas", f"replica-{replica:06d}.ubj")


def votes_uri(scratch: str, place: int) -> str:
    """Where a task's out-of-bag votes lie."""
    return files.join(scratch, "votes", f"{place:06d}.bin")


def train_replicas(task: BaggingTask, place: int, replicas: Iterable[int]) -> Iterator[int]:
    """Train replicas, write each to scratch as it is done, then their out-of-bag votes."""
    learner = _learner(task)
    votes = Votes(task.rows, task.targets)
    for replica in replicas:
        counts = in_bag_counts(task.seed, replica, task.rows)
        require_visible(task.shards.uri)  # a fit that was ended has no scratch any more
        tree = learner.grow(counts, learner_seed(task.seed, replica))
        votes.add(learner.predict(tree), counts == 0)
        files.write_bytes(replica_uri(task.shards.uri, replica), bytes(tree.save_raw("ubj")))
        yield replica
    votes.write(votes_uri(task.shards.uri, place))


def judge_rows(task: BaggingTask, places: int, start: int, stop: int) -> OutOfBag:
    """The out-of-bag estimate of the rows from `start` to `stop`."""
    shard = task.shards.open_all("train")
    uris = [votes_uri(task.shards.uri, place) for place in range(places)]
    weights = None if shard.weights is None else shard.weights[start:stop]
    labels = shard.labels[start:stop]
    return out_of_bag(uris, task.rows, task.targets, start, labels, weights)


def _learner(task: BaggingTask) -> TreeLearner:
    from pipeline.bagging.learner import TreeLearner

    key = task.shards.uri
    if key not in _ingested:
        _ingested.clear()
        _ingested[key] = TreeLearner(
            task.shards.open_all("train"), task.features, task.classes, task.params, task.threads
        )
    return _ingested[key]
