"""The executor half of gang placement: all workers train each replica together, on their shards.

A worker draws its own rows' weights from (seed, replica, identity), XGBoost adds the workers'
histograms up, and every worker judges the replica on its own out-of-bag rows. So the data may be
as large as all workers' memories together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.bagging.curve import is_flat
from pipeline.bagging.importance import Shuffled
from pipeline.bagging.out_of_bag import directory_of, write_rows
from pipeline.bagging.replicas import BaggingTask, Workshop, require_store
from pipeline.bagging.votes import OutOfBag, Votes
from pipeline.spark.worker import Worker


@dataclass(frozen=True)
class GangTask:
    """What every rank is asked to do.

    Parameters
    ----------
    task : BaggingTask
        The fit.
    replicas : int
        Replicas, at most.
    early_stopping : int
        Replicas over which the error must be flat for training to stop; 0: never.
    tolerance : float
        The least improvement that counts, as a share of the error.
    keeps_rows : bool
        Whether each row's out-of-bag prediction is written.
    """

    task: BaggingTask
    replicas: int
    early_stopping: int
    tolerance: float
    keeps_rows: bool


def train_sharded(plan: GangTask, worker: Worker) -> dict[str, Any]:
    """Train all replicas that are not there yet; rank 0 returns the curve and what was found."""
    from xgboost import collective

    task = plan.task
    require_store(task)
    shard = task.shards.open("train", worker.rank)
    workshop = Workshop(task, shard, worker.threads, worker.gpus, worker.advance)
    # All ranks must agree on what is there: a fast one writes while a slow one looks.
    own = task.already_there() if worker.rank == 0 else set()
    there = collective.broadcast(own, 0)
    votes = Votes(shard.rows, task.ballot)
    curve: list[tuple[int, OutOfBag]] = []
    shuffled: list[Shuffled] = []
    done = 0
    for replica in range(plan.replicas):
        counts = workshop.counts(replica)
        if replica in there:
            member = workshop.open(replica)
        else:
            member = workshop.train(replica, counts)
            if worker.rank == 0:
                files.write_bytes(task.uri_of(replica), member.save())
        done = replica + 1
        worker.advance()
        if worker.rank == 0:
            worker.report("replica", replica=replica, metrics={})
        if not task.points:
            continue
        workshop.vote(votes, member, counts)
        found = workshop.shuffled(replica, member, counts)
        if found is not None:
            shuffled.append(_summed(found))
        if done in task.points:
            curve.append((done, _together(votes.measure(shard.labels, shard.weights))))
            if is_flat(curve, plan.early_stopping, plan.tolerance):
                break
    if plan.keeps_rows:
        directory = files.join(task.store, directory_of(task.ballot, done))
        uri = files.join(directory, f"part-{worker.rank:05d}.parquet")
        write_rows(uri, task.label, task.ballot, shard.ids, votes)
    return {"replicas": done, "curve": curve, "shuffled": shuffled} if worker.rank == 0 else {}


def _together(own: OutOfBag) -> OutOfBag:
    """The estimate over all ranks' rows."""
    rows, without, loss, weight = _sum([own.rows, own.rows_without_vote, own.loss, own.weight])
    return OutOfBag(round(rows), round(without), loss, weight)


def _summed(own: Shuffled) -> Shuffled:
    weight, plain, *shuffled = _sum([own.weight, own.plain, *own.shuffled])
    return Shuffled(weight, plain, tuple(shuffled))


def _sum(values: list[float]) -> list[float]:
    """Sums over all ranks."""
    import numpy as np
    from xgboost import collective

    summed = collective.allreduce(np.array(values, dtype=np.float64), collective.Op.SUM)
    return [float(value) for value in summed]
