"""The out-of-bag estimate of replicas that are Spark ML models, computed where the rows are.

A few replicas at a time score all rows; sums of their votes on rows that they have not seen go to
scratch as Parquet, so neither the plan nor the driver grows with the number of rows or replicas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import TaskContext

from pipeline import files
from pipeline.bagging.out_of_bag import write_rows
from pipeline.bagging.resampling import Sampling, poisson_counts
from pipeline.bagging.spark_learners.names import KEY, LABEL, OWN_WEIGHT, ROW, SCORES
from pipeline.bagging.votes import Ballot, OutOfBag, Votes
from pipeline.data.encoding import LabelSchema
from pipeline.data.names import column
from pipeline.errors import DataError
from pipeline.spark.causes import executors_speak
from pipeline.spark.told import run_on_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COUNTS, _SUMS = "counts", "sums"
_BEFORE = "before_"
_SCHEMA = (
    f"{ROW} long, {LABEL} double, {OWN_WEIGHT} double, {_COUNTS} array<int>, {_SUMS} array<long>"
)


class Tally(Votes):
    """Votes whose sums are known.

    Parameters
    ----------
    ballot : Ballot
        How scores become votes.
    counts : ndarray of int, shape (rows,)
        Votes on each row.
    sums : ndarray of int64, shape (rows, outputs)
        Their sums, in fixed point.
    """

    def __init__(
        self, ballot: Ballot, counts: npt.NDArray[Any], sums: npt.NDArray[np.int64]
    ) -> None:
        super().__init__(0, ballot)
        self.counts = counts.astype(np.int32)
        self._sums = sums

    @property
    def sums(self) -> npt.NDArray[np.int64]:
        """Sums of votes in fixed point, shape (rows, outputs)."""
        return self._sums


@dataclass(frozen=True)
class Block:
    """Replicas that vote in one pass, and where the error is measured.

    Parameters
    ----------
    replicas : range
        The replicas.
    points : tuple of int
        Numbers of replicas, ascending, at which votes are kept; the last is the block's end.
    """

    replicas: range
    points: tuple[int, ...]


def blocks_of(start: int, stop: int, points: Sequence[int], most: int) -> list[Block]:
    """Replicas from `start` to `stop` in blocks of at most `most`; each ends with a point."""
    blocks = []
    while start < stop:
        end = min(start + most, stop)
        own = {point for point in points if start < point <= end}
        blocks.append(Block(range(start, end), tuple(sorted({*own, end}))))
        start = end
    return blocks


@dataclass(frozen=True)
class Count:
    """How votes of a fit are counted; travels to executors.

    Parameters
    ----------
    ballot : Ballot
        How a replica's scores become votes.
    sampling : Sampling
        How its rows were drawn.
    seed : int
        The ensemble's seed.
    """

    ballot: Ballot
    sampling: Sampling
    seed: int

    def write(self, scored: DataFrame, block: Block, before: DataFrame | None, uri: str) -> None:
        """Write all rows' votes at the block's points: of all replicas so far.

        Parameters
        ----------
        scored : DataFrame
            Rows with what each replica of the block says.
        block : Block
            The replicas.
        before : DataFrame or None
            What an earlier call has written for the replicas before these.
        uri : str
            Where to write it, as Parquet.
        """
        wanted = scored.select(*map(column, (ROW, KEY, LABEL, OWN_WEIGHT, SCORES)))
        if before is not None:
            # Few and narrow columns: the features are not shuffled again.
            wanted = self._voted(wanted, block).join(_renamed(before), ROW)
            wanted = wanted.mapInArrow(self._add, _SCHEMA)
        else:
            wanted = self._voted(wanted, block)
        with executors_speak():
            wanted.write.mode("overwrite").parquet(uri)

    def measure(self, written: DataFrame, block: Block) -> list[tuple[int, OutOfBag]]:
        """The estimate at each of a block's points."""

        def measure(batches: Iterable[pa.RecordBatch]) -> list[OutOfBag]:
            found = [OutOfBag(0, 0, 0.0, 0.0)] * len(block.points)
            for batch in batches:
                labels, weights = _doubles(batch, LABEL), _doubles(batch, OWN_WEIGHT)
                for place, tally in enumerate(self._tallies(batch, len(block.points))):
                    found[place] = found[place] + tally.measure(labels, weights)
            return found

        parts = run_on_partitions(written, measure)
        totals = [parts[0][place] for place in range(len(block.points))] if parts else []
        for part in parts[1:]:
            totals = list(map(add, totals, part))
        return list(zip(block.points, totals, strict=True))

    def keep_rows(self, written: DataFrame, label: LabelSchema, uri: str) -> None:
        """Write each row's out-of-bag prediction below a new directory, a file per partition."""

        def keep(batches: Iterable[pa.RecordBatch]) -> int:
            found = [batch for batch in batches if batch.num_rows]
            if not found:
                return 0
            batch = pa.Table.from_batches(found).combine_chunks().to_batches()[0]
            context: Any = TaskContext.get()
            ids = np.asarray(batch.column(ROW).to_numpy(), dtype=np.int64)
            last = list(self._tallies(batch, None))[-1]
            target = files.join(uri, f"part-{context.partitionId():05d}.parquet")
            write_rows(target, label, self.ballot, ids, last)
            return len(ids)

        run_on_partitions(written, keep)

    def _voted(self, scored: DataFrame, block: Block) -> DataFrame:
        """Votes of a block's replicas alone, at each of its points."""
        outputs = self.ballot.outputs

        def vote(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                if batch.num_rows:
                    yield self._vote(batch, block, outputs)

        return scored.mapInArrow(vote, _SCHEMA)

    def _vote(self, batch: pa.RecordBatch, block: Block, outputs: int) -> pa.RecordBatch:
        scores = _matrix(batch, SCORES).reshape(batch.num_rows, len(block.replicas), outputs)
        _require_numbers(scores, block)
        keys = np.asarray(batch.column(KEY).to_numpy(), dtype=np.int64)
        votes = Tally(
            self.ballot,
            np.zeros(batch.num_rows, dtype=np.int32),
            np.zeros((batch.num_rows, outputs), dtype=np.int64),
        )
        counts, sums = [], []
        for place, replica in enumerate(block.replicas):
            drawn = poisson_counts(self.seed, replica, keys, self.sampling.max_samples)
            votes.add(scores[:, place], drawn == 0)
            if replica + 1 in block.points:
                counts.append(votes.counts.copy())
                sums.append(votes.sums.copy())
        return _written(batch, np.stack(counts, axis=1), np.stack(sums, axis=1))

    def _add(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Add what earlier replicas have voted to each point of a block."""
        outputs = self.ballot.outputs
        for batch in batches:
            if not batch.num_rows:
                continue
            counts = _matrix(batch, _COUNTS)
            sums = _matrix(batch, _SUMS).reshape(batch.num_rows, -1, outputs)
            counts = counts + _matrix(batch, _BEFORE + _COUNTS)[:, -1:]
            sums = sums + _matrix(batch, _BEFORE + _SUMS)[:, None, -outputs:]
            yield _written(batch, counts, sums)

    def _tallies(self, batch: pa.RecordBatch, points: int | None) -> Iterator[Tally]:
        """Votes at each point."""
        if not batch.num_rows:
            return
        counts = _matrix(batch, _COUNTS)
        sums = _matrix(batch, _SUMS).reshape(batch.num_rows, -1, self.ballot.outputs)
        for place in range(points or counts.shape[1]):
            yield Tally(self.ballot, counts[:, place], sums[:, place])


def _require_numbers(scores: npt.NDArray[Any], block: Block) -> None:
    """Refuse to count what is no number: it would be added up without an error."""
    wrong = ~np.isfinite(scores).all(axis=(0, 2))
    if wrong.any():
        replica = block.replicas[int(np.argmax(wrong))]
        raise DataError(
            f"replica {replica} predicts NaN or an infinite number for some rows: the learner does "
            "not take such features (NaN in a vector column?), or has diverged"
        )


def _renamed(written: DataFrame) -> DataFrame:
    return written.select(
        column(ROW),
        column(_COUNTS).alias(_BEFORE + _COUNTS),
        column(_SUMS).alias(_BEFORE + _SUMS),
    )


def _written(
    batch: pa.RecordBatch, counts: npt.NDArray[Any], sums: npt.NDArray[Any]
) -> pa.RecordBatch:
    columns = [batch.column(name) for name in (ROW, LABEL, OWN_WEIGHT)]
    lists = [_lists(counts.astype(np.int32)), _lists(sums.reshape(len(sums), -1))]
    names = [ROW, LABEL, OWN_WEIGHT, _COUNTS, _SUMS]
    return pa.RecordBatch.from_arrays([*columns, *lists], names=names)


def _matrix(batch: pa.RecordBatch, name: str) -> npt.NDArray[Any]:
    """A column of lists of one length, shape (rows, length)."""
    values = batch.column(name).flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values).reshape(batch.num_rows, -1)


def _lists(values: npt.NDArray[Any]) -> pa.Array:
    rows, size = values.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * size)
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).reshape(-1)))


def _doubles(batch: pa.RecordBatch, name: str) -> npt.NDArray[Any]:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)
