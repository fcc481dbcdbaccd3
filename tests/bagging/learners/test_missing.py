"""Missing values are filled for training only: saved trees find them as they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.bagging.learners import trees
from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.missing import filled
from pipeline.bagging.learners.trees import TreeLearner, TreeMember
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

ROWS = 3_000
SCHEMA = FeatureSchema(
    (
        Feature("a", "numeric"),
        Feature("b", "numeric"),
        Feature("few", "categorical", tuple("rgb")),
        Feature("many", "categorical", tuple(f"{place:02d}" for place in range(40))),
    )
)


def _matrix() -> np.ndarray:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(ROWS, 4)).astype(np.float32)
    matrix[:, 2] = rng.integers(0, 3, ROWS)
    matrix[:, 3] = rng.integers(0, 40, ROWS)
    matrix[rng.random((ROWS, 4)) < 0.2] = np.nan
    return matrix


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("is_ordered", [False, True])
def test_saved_trees_score_missing_values_as_they_were_trained(
    classes: int, is_ordered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "ROWS_WORTH_ORDERING", 0 if is_ordered else ROWS + 1)
    matrix = _matrix()
    score = np.nan_to_num(matrix[:, 0], nan=2.0) + (matrix[:, 2] == 1) + np.isnan(matrix[:, 3])
    cuts = np.quantile(score, np.arange(1, max(classes, 2)) / max(classes, 2))
    labels = score if not classes else np.digitize(score, cuts)
    with ShardWriter(tmp_path / "s", 4, is_sparse=False, is_weighted=False) as writer:
        writer.add(ShardRows(np.arange(ROWS), matrix, labels.astype(np.float32)))
    params = {"max_depth": 7, "max_bin": 256, "min_child_weight": 1.0, "reg_lambda": 0.0}
    spec = LearnerSpec("xgboost", params, SCHEMA, classes)
    learner = TreeLearner(Shard(tmp_path / "s"), spec, 1)
    counts = np.random.default_rng(1).poisson(1, ROWS).astype(np.float32)
    member = learner.train(counts, 3, None)
    found = learner.scores(member)
    saved = TreeMember.open(member.save(), spec, 1)
    assert np.array_equal(saved.scores(matrix), found)
    assert np.array_equal(learner.scores(saved), found)
    assert len(np.unique(found[np.isnan(matrix[:, 3])])) > 1


def test_filling_leaves_what_is_there() -> None:
    matrix = _matrix()
    found = filled(SCHEMA, matrix)
    known = ~np.isnan(matrix)
    assert np.array_equal(found[known], matrix[known])
    assert not np.isnan(found).any()
    assert set(found[~known[:, 2], 2]) == {3}
    assert set(found[~known[:, 3], 3]) == {40}
    assert found[~known[:, 0], 0].max() < -1e36
    assert filled(SCHEMA, found) is found
