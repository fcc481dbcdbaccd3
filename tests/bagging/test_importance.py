"""Permutation importance on out-of-bag rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.bagging import importance
from pipeline.bagging.importance import Shuffled, importance_of, shuffled_losses
from pipeline.bagging.learners.learner import Member
from pipeline.bagging.votes import Ballot
from pipeline.data.encoding import Matrix
from pipeline.spark.shard_file import Floats, Shard, ShardRows, ShardWriter

ROWS = 400


class FirstColumn(Member):
    """Predicts 1 where the first column is positive."""

    def scores(self, features: Matrix) -> Floats:
        dense = features if isinstance(features, np.ndarray) else features.toarray()
        return np.asarray(dense[:, :1] > 0, dtype=np.float32)

    def save(self) -> bytes:
        return b""


def _shard(path: Path, *, is_sparse: bool) -> Shard:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(ROWS, 3)).astype(np.float32)
    labels = (matrix[:, 0] > 0).astype(np.float32)
    features = sparse.csr_matrix(matrix) if is_sparse else matrix
    with ShardWriter(path, 3, is_sparse=is_sparse, is_weighted=False) as writer:
        writer.add(ShardRows(np.arange(ROWS), features, labels))
    return Shard(path)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_only_the_column_that_is_used_matters(is_sparse: bool, tmp_path: Path) -> None:
    shard = _shard(tmp_path / "s", is_sparse=is_sparse)
    is_out = np.arange(ROWS) % 3 == 0
    found = shuffled_losses(FirstColumn(), shard, is_out, Ballot(2, "soft"), 7, 0)
    assert found.weight == is_out.sum()
    assert found.plain == 0
    assert 0.35 < found.shuffled[0] / found.weight < 0.65
    assert found.shuffled[1:] == (0, 0)
    again = shuffled_losses(FirstColumn(), shard, is_out, Ballot(2, "soft"), 7, 0)
    assert again == found


def test_many_rows_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "MOST_ROWS", 50)
    shard = _shard(tmp_path / "s", is_sparse=False)
    found = shuffled_losses(FirstColumn(), shard, np.full(ROWS, True), Ballot(2, "soft"), 7, 0)
    assert found.weight == 50


def test_importance_is_the_mean_increase_of_the_error_with_its_standard_error() -> None:
    found = [Shuffled(10, 1, (3, 1)), Shuffled(20, 2, (8, 3)), Shuffled(0, 0, (0, 0))]
    rows = importance_of(found, ["a", "b"])
    assert [row["feature"] for row in rows] == ["a", "b"]
    assert rows[0]["increase"] == pytest.approx((0.2 + 0.3) / 2)
    assert rows[0]["deviation"] == pytest.approx(0.05)
    assert importance_of([], ["a"]) == []
