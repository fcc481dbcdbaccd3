"""Shards as XGBoost sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.boosting.matrix import ShardBatches, binned
from pipeline.spark import shard_file
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter


def _shard(path: Path, rows: int, *, is_sparse: bool = False, is_weighted: bool = False) -> Shard:
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 5, size=(rows, 3)).astype(np.float32)
    labels = rng.integers(0, 2, rows).astype(np.float32)
    with ShardWriter(path, 3, is_sparse=is_sparse, is_weighted=is_weighted) as writer:
        features = sparse.csr_matrix(matrix) if is_sparse else matrix
        weights = np.arange(rows, dtype=np.float32) if is_weighted else None
        writer.add(ShardRows(np.arange(rows), features, labels, weights))
    return Shard(path)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_all_chunks_arrive_with_labels_and_weights(
    is_sparse: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_file, "CHUNK_ROWS", 10)
    shard = _shard(tmp_path / "s", 35, is_sparse=is_sparse, is_weighted=True)
    seen: list[None] = []
    batches = ShardBatches(shard, shard.labels, ["a", "b", "c"], [1], lambda: seen.append(None))
    matrix = binned(batches, max_bin=16, threads=1)
    assert (matrix.num_row(), matrix.num_col()) == (35, 3)
    assert matrix.feature_names == ["a", "b", "c"]
    assert matrix.feature_types == ["q", "c", "q"]
    assert (matrix.get_label() == shard.labels).all()
    assert (matrix.get_weight() == np.arange(35)).all()
    assert len(seen) >= 4


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_shard_without_rows_is_a_matrix_too(is_sparse: bool, tmp_path: Path) -> None:
    shard = _shard(tmp_path / "s", 0, is_sparse=is_sparse)
    matrix = binned(ShardBatches(shard, shard.labels, ["a", "b", "c"], []), max_bin=16, threads=1)
    assert (matrix.num_row(), matrix.num_col()) == (0, 3)
