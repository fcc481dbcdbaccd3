"""Rows in the order of a tree's leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.bagging.learners import ordering
from pipeline.bagging.learners.ordering import order_of
from pipeline.boosting.ordering import OrderedRows
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

ROWS = 2_000
PARAMS = {
    "tree_method": "hist", "objective": "reg:squarederror", "base_score": 0.0, "eta": 1.0,
    "max_depth": 3, "max_bin": 256, "nthread": 1,
}  # fmt: skip


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(ROWS, 3)).astype(np.float32)
    with ShardWriter(tmp_path / "s", 3, is_sparse=False, is_weighted=True) as writer:
        labels = (matrix[:, 1] > 0).astype(np.float32)
        writer.add(ShardRows(np.arange(ROWS), matrix, labels, rng.random(ROWS).astype(np.float32)))
    return Shard(tmp_path / "s")


def _order(shard: Shard) -> np.ndarray:
    return order_of(shard, shard.labels, PARAMS, ["q"] * 3, lambda matrix: matrix)


def test_rows_that_a_tree_keeps_together_lie_together(
    shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "SAMPLE_ROWS", 500)
    order = _order(shard)
    assert sorted(order) == list(range(ROWS))
    labels = shard.labels[order]
    assert (np.diff(labels) != 0).sum() <= 20  # about 1000 as they were
    assert (_order(shard) == order).all()


def test_ordered_rows_are_the_shards_rows(shard: Shard) -> None:
    order = _order(shard)
    rows = OrderedRows(shard, order)
    whole = np.concatenate(list(shard.matrices()))
    assert np.array_equal(np.concatenate(list(rows.matrices())), whole[order])
    assert shard.weights is not None
    assert rows.weights is not None
    assert np.array_equal(rows.weights, shard.weights[order])
