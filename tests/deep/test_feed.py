"""Batches: every row once an epoch, the same steps on every rank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.deep.feed import Batch, Feed
from pipeline.deep.inputs import InputLayout
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

LAYOUT = InputLayout(numeric=(0,), categorical=(1,), sizes=(3,))
SIZES = [(7,), (10, 7, 1, 0), (1, 0), (64, 64), (65, 64), (1000, 3, 512)]


def _feeds(
    directory: Path, sizes: Sequence[int], batch_size: int, scale: float = 1.0
) -> list[Feed]:
    """One feed a rank; a row's number is its rank and its place, its weight too."""
    feeds = []
    for rank, rows in enumerate(sizes):
        names = 10_000 * rank + np.arange(rows, dtype=np.float32)
        matrix = np.column_stack([names, names % 3]).astype(np.float32)
        path = directory / str(rank)
        with ShardWriter(path, 2, is_sparse=False, is_weighted=scale != 1) as writer:
            labels, weights = np.full(rows, rank, np.float32), names + 1
            writer.add(ShardRows(np.arange(rows), matrix, labels, weights if scale != 1 else None))
        own = (weights * np.float32(scale)) if scale != 1 else None
        feeds.append(Feed(Shard(path), LAYOUT, tuple(sizes), batch_size, own))
    return feeds


def _real(batch: Batch) -> np.ndarray:
    return batch.weights > 0


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("batch_size", [1, 4, 128])
def test_every_row_comes_once_an_epoch_in_equal_steps(
    sizes: tuple[int, ...], batch_size: int, tmp_path: Path
) -> None:
    feeds = _feeds(tmp_path, sizes, batch_size)
    rng = np.random.default_rng(0)
    epochs = [
        list(feed.epoch(rng.permutation(rows))) for feed, rows in zip(feeds, sizes, strict=True)
    ]
    assert {len(epoch) for epoch in epochs} == {feeds[0].steps}
    for rank, (epoch, rows) in enumerate(zip(epochs, sizes, strict=True)):
        seen = np.concatenate([batch.numbers[_real(batch), 0] for batch in epoch])
        assert sorted(seen) == [10_000 * rank + place for place in range(rows)]
        for batch in epoch:
            assert len(batch.numbers) == len(batch.codes) == len(batch.labels) >= 1
            assert (batch.labels[_real(batch)] == rank).all()
    for step in zip(*epochs, strict=True):
        (all_rows,) = {batch.all_rows for batch in step}  # the ranks agree
        assert all_rows == sum(int(_real(batch).sum()) for batch in step)
        assert 1 <= all_rows <= max(batch_size, len(sizes))


def test_a_rank_without_rows_takes_part_with_rows_that_weigh_nothing(tmp_path: Path) -> None:
    _, empty = _feeds(tmp_path, (10, 0), 4)
    batches = list(empty.epoch())
    assert len(batches) == empty.steps == 5
    for batch in batches:
        assert batch.weights.tolist() == [0]
        assert np.isnan(batch.numbers).all()
        assert batch.codes.tolist() == [[0]]


def test_where_no_number_is_missing_it_stands_in_with_numbers(tmp_path: Path) -> None:
    feed = _feeds(tmp_path, (3, 0), 2)[1]
    (batch, *_) = feed.of(Shard(tmp_path / "1"), InputLayout((0, 1), (), ())).epoch()
    assert (batch.numbers == 0).all()
    assert np.isnan(next(feed.epoch()).numbers).all()


def test_order_is_the_callers(tmp_path: Path) -> None:
    (feed,) = _feeds(tmp_path, (6,), 4)
    order = np.array([5, 0, 3, 1, 2, 4])
    assert [b.numbers[:, 0].tolist() for b in feed.epoch(order)] == [[5, 0, 3], [1, 2, 4]]
    assert [b.numbers[:, 0].tolist() for b in feed.epoch()] == [[0, 1, 2], [3, 4, 5]]
    assert [b.codes[:, 0].tolist() for b in feed.epoch()] == [[1, 2, 3], [1, 2, 3]]


def test_weights_are_scaled(tmp_path: Path) -> None:
    (feed,) = _feeds(tmp_path, (4,), 10, scale=0.5)
    assert next(feed.epoch()).weights.tolist() == [0.5, 1.0, 1.5, 2.0]
