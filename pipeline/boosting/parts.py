"""A rank's training and validation rows as XGBoost's matrices; imported on executors only."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline.boosting.allocator import give_back, give_back_at_once
from pipeline.boosting.cuts import like_rows
from pipeline.boosting.matrix import Asides, ShardBatches, binned
from pipeline.boosting.memory import COLUMNS_AT_ONCE, batch_rows
from pipeline.boosting.ordering import OrderedRows, coherent_order
from pipeline.boosting.task import BoostingTask
from pipeline.errors import DataError
from pipeline.files.local_directory import local_directory
from pipeline.spark.shard_file import Floats, Integers, Shard
from pipeline.spark.shards import PARTS, Part
from pipeline.spark.worker import Worker

TRAIN: Part = "train"
VALIDATION: Part = "validation"

OurRows: TypeAlias = Shard | OrderedRows


@dataclass
class Parts:
    """A rank's rows.

    Parameters
    ----------
    train : DMatrix
        Binned training rows.
    validation : DMatrix or None
        Rows that are watched, in the same bins; None where the table has none.
    on_disk : bool
        Whether bins are kept on disk.
    """

    train: xgb.DMatrix
    validation: xgb.DMatrix | None
    on_disk: bool

    @property
    def watched(self) -> list[tuple[xgb.DMatrix, str]]:
        """Both, with their names."""
        found: list[tuple[xgb.DMatrix, str]] = [(self.train, TRAIN)]
        if self.validation is not None:
            found.append((self.validation, VALIDATION))
        return found

    def close(self) -> None:
        """Let go of the rows, so that XGBoost removes its files of them."""
        del self.train, self.validation


@contextmanager
def open_parts(
    task: BoostingTask, worker: Worker, *, on_disk: bool | None = None
) -> Iterator[Parts]:
    """Bin the rank's rows; files of external memory are deleted at the end.

    Parameters
    ----------
    task, worker : BoostingTask, Worker
        What is trained, and where.
    on_disk : bool, optional
        Where bins are kept; by default as the task's memory allows, the same on all ranks.
    """
    # Opening a shard reads all of it, to check its bytes.
    parts_there = [part for part in PARTS if part == TRAIN or task.shards.rows[part]]
    shards = {part: task.shards.open(part, worker.rank) for part in parts_there}
    if on_disk is None:
        on_disk = _need_disk(task, worker, list(shards.values()))
    if on_disk:
        give_back_at_once()
    with _cache_directory(is_needed=on_disk) as directory:
        train = _matrix(task, worker, shards[TRAIN], TRAIN, directory)
        validation = None
        if VALIDATION in shards:
            validation = _matrix(
                task, worker, shards[VALIDATION], VALIDATION, directory, like=train
            )
        if on_disk:
            give_back()  # what binning took
        parts = Parts(train, validation, on_disk)
        del train, validation  # whoever holds the parts may still do so when they are closed
        try:
            yield parts
        finally:
            parts.close()


def _need_disk(task: BoostingTask, worker: Worker, shards: list[Shard]) -> bool:
    """Whether any rank needs its bins on disk: all do the same, so that they do the same sums."""
    mine = task.memory.needs_disk(
        sum(shard.rows for shard in shards),
        task.features.width,
        worker.seat.local_size,
        sum(shard.values for shard in shards),
    )
    if not collective.is_distributed():
        return mine
    return bool(collective.allreduce(np.array([mine], dtype=np.int32), collective.Op.MAX)[0])


@contextmanager
def _cache_directory(*, is_needed: bool) -> Iterator[Path | None]:
    if not is_needed:
        yield None
        return
    base = local_directory()
    base.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="boosting-bins-", dir=base))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _matrix(
    task: BoostingTask,
    worker: Worker,
    shard: Shard,
    part: Part,
    directory: Path | None,
    like: xgb.DMatrix | None = None,
) -> xgb.DMatrix:
    rows = _ordered(task, worker, shard, part, is_on_disk=directory is not None)
    roles, asides = task.roles, _asides(task, rows)
    if directory is not None and like is None and not rows.is_sparse:
        like = _borders(task, worker, rows, asides, directory)
    batches = ShardBatches(
        rows,
        rows.labels,
        task.features.names,
        (),
        worker.advance,
        types=roles.types,
        asides=asides,
        batch_rows=0 if directory is None else batch_rows(rows.width),
        cache=None if directory is None else str(directory / part),
    )
    matrix = binned(
        batches,
        max_bin=task.params["max_bin"],
        threads=worker.threads,
        like=like,
        missing=roles.missing,
        on_disk=directory is not None,
    )
    if roles.is_ranking:
        _tell_queries(matrix, rows)
    if roles.feature_weights and part == TRAIN:
        matrix.set_info(feature_weights=np.asarray(roles.feature_weights, dtype=np.float32))
    return matrix


def _borders(
    task: BoostingTask, worker: Worker, rows: OurRows, asides: Asides, directory: Path
) -> xgb.QuantileDMatrix | None:
    """A matrix with the bins of wide rows, whose summaries would need too much memory at once."""
    if rows.width <= COLUMNS_AT_ONCE:
        return None
    return like_rows(
        rows,
        rows.labels,
        asides,
        task.roles.types,
        max_bin=task.params["max_bin"],
        threads=worker.threads,
        missing=task.roles.missing,
        directory=directory,
        on_chunk=worker.advance,
    )


def _ordered(
    task: BoostingTask, worker: Worker, shard: Shard, part: Part, *, is_on_disk: bool
) -> OurRows:
    """The rows in an order in which trees grow faster, where that is known to help."""
    if part != TRAIN or is_on_disk or worker.gpus or task.roles.is_ranking:
        return shard
    order = coherent_order(shard)
    worker.advance()
    return shard if order is None else OrderedRows(shard, order)


def _asides(task: BoostingTask, rows: OurRows) -> Asides:
    roles = task.roles
    weights = None if roles.is_ranking else rows.weights
    if roles.class_weights:
        by_class = np.asarray(roles.class_weights, dtype=np.float32)
        weights = by_class[rows.labels.astype(np.int64)] * (1 if weights is None else weights)
    extras = rows.extras
    margins = lower = upper = None
    if extras is not None and roles.margins:
        margins = extras[:, : roles.margins]
    if extras is not None and roles.is_survival:
        lower, upper = rows.labels, extras[:, -1]
    return Asides(weights, margins, lower, upper)


def _tell_queries(matrix: xgb.DMatrix, rows: OurRows) -> None:
    """Sizes of the queries, whose rows lie side by side, and a weight for each."""
    groups: Integers = np.empty(0, dtype=np.int64) if rows.groups is None else rows.groups
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    if not len(groups):
        starts = np.empty(0, dtype=np.int64)
    sizes = np.diff(np.append(starts, len(groups)))
    matrix.set_info(group=sizes.astype(np.uint32))
    if rows.weights is not None:
        matrix.set_info(weight=_weight_of_queries(rows.weights, starts, sizes))


def _weight_of_queries(weights: Floats, starts: Integers, sizes: Integers) -> Floats:
    found: Floats = weights[starts]
    if (np.repeat(found, sizes) != weights).any():
        raise DataError(
            "weightCol: rows of one query have different weights; a query has one weight, so give "
            "it to all of its rows"
        )
    return found
