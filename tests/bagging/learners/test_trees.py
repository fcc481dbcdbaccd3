"""A replica's tree against scikit-learn's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.trees import TreeLearner, TreeMember, targets_of
from pipeline.bagging.resampling import in_bag_counts
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

ROWS, WIDTH = 600, 3
PARAMS = {"max_depth": 4, "max_bin": 256, "min_child_weight": 0.0, "reg_lambda": 0.0}
SCHEMA = FeatureSchema(tuple(Feature(name, "numeric") for name in "abc"))


def _table(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    matrix = rng.integers(0, 40, (ROWS, WIDTH)).astype(np.float32)
    noise = rng.normal(0, 8, ROWS)
    score = matrix[:, 0] + 0.7 * matrix[:, 1] + noise
    labels = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    return matrix, labels.astype(np.float32)


def _shard(path: Path, matrix: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> Shard:
    with ShardWriter(path, WIDTH, is_sparse=False, is_weighted=weights is not None) as writer:
        writer.add(ShardRows(np.arange(len(labels)), matrix, labels, weights))
    return Shard(path)


def _spec(classes: int, **params: Any) -> LearnerSpec:
    return LearnerSpec("xgboost", {**PARAMS, **params}, SCHEMA, classes)


def _counts(replica: int) -> np.ndarray:
    return in_bag_counts(5, replica, ROWS).astype(np.float32)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_tree_is_the_classification_tree_of_scikit_learn(
    is_weighted: bool, tmp_path: Path
) -> None:
    matrix, labels = _table(2)
    weights = np.linspace(0.5, 2, ROWS).astype(np.float32) if is_weighted else None
    learner = TreeLearner(_shard(tmp_path / "s", matrix, labels, weights), _spec(2), 1)
    for replica in range(3):
        counts = _counts(replica)
        own = counts if weights is None else counts * weights
        found = learner.scores(learner.train(own, replica, None))
        seen = own > 0
        tree = DecisionTreeClassifier(max_depth=4).fit(
            matrix[seen], labels[seen], sample_weight=own[seen]
        )
        expected = tree.predict_proba(matrix)[:, 1]
        assert found.shape == (ROWS, 1)
        # Thresholds lie elsewhere between two values: rows that were not drawn may fall apart.
        assert np.allclose(found[seen, 0], expected[seen], atol=1e-4)
        assert np.isclose(found[:, 0], expected, atol=1e-4).mean() > 0.9


def test_leaves_hold_the_shares_of_three_classes(tmp_path: Path) -> None:
    matrix, labels = _table(3)
    learner = TreeLearner(_shard(tmp_path / "s", matrix, labels, None), _spec(3), 1)
    found = learner.scores(learner.train(_counts(0), 0, None))
    assert found.shape == (ROWS, 3)
    assert ((found > -1e-5) & (found < 1 + 1e-5)).all()
    assert (found.argmax(axis=1) == labels).mean() > 0.6


def test_a_tree_does_not_depend_on_the_trees_before_it(tmp_path: Path) -> None:
    matrix, labels = _table(2)
    shard = _shard(tmp_path / "s", matrix, labels, None)
    first, second = (TreeLearner(shard, _spec(2), 1) for _ in range(2))
    first.train(_counts(0), 0, np.array([1]))
    first.train(_counts(1), 1, None)
    found = [learner.train(_counts(2), 2, None).save() for learner in (first, second)]
    assert found[0] == found[1]


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("rounds", [1, 3])
def test_scores_of_training_rows_are_those_of_the_saved_replica(
    classes: int, rounds: int, tmp_path: Path
) -> None:
    """Rows that were drawn, and rows that were not, though training has placed them in leaves."""
    matrix, labels = _table(classes or 4)
    spec = _spec(classes, rounds=rounds, eta=0.5)
    learner = TreeLearner(_shard(tmp_path / "s", matrix, labels, None), spec, 1)
    older = learner.train(_counts(0), 1, None)
    kept = learner.scores(older)
    newest = learner.train(_counts(1), 2, np.array([0, 2]))
    for member, found in ((older, kept), (newest, learner.scores(newest))):
        saved = TreeMember.open(member.save(), spec, 1)
        assert np.array_equal(learner.scores(saved), found)
        assert np.allclose(saved.scores(matrix), found, atol=1e-6)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_replica_uses_no_columns_but_its_own(classes: int, tmp_path: Path) -> None:
    matrix, labels = _table(classes or 4)
    learner = TreeLearner(_shard(tmp_path / "s", matrix, labels, None), _spec(classes), 1)
    for columns in ([0], [1, 2], [0, 2]):
        member = learner.train(_counts(0), 3, np.array(columns))
        used = set(member.booster.get_score(importance_type="weight"))
        assert used <= {"abc"[place] for place in columns}
        assert used


def test_several_rounds_are_a_boosted_ensemble_on_log_loss(tmp_path: Path) -> None:
    matrix, labels = _table(2)
    spec = _spec(2, rounds=20, eta=0.3, max_depth=2)
    learner = TreeLearner(_shard(tmp_path / "s", matrix, labels, None), spec, 1)
    member = learner.train(np.ones(ROWS, np.float32), 0, None)
    assert member.booster.num_boosted_rounds() == 20
    found = member.scores(matrix)
    assert found.shape == (ROWS, 1)
    assert ((found > 0) & (found < 1)).all()
    assert ((found[:, 0] > 0.5) == labels).mean() > 0.7


def test_a_regression_tree_holds_means(tmp_path: Path) -> None:
    matrix, labels = _table(4)
    values = labels * 100 + 1000
    learner = TreeLearner(_shard(tmp_path / "s", matrix, values, None), _spec(0), 1)
    counts = _counts(0)
    seen = counts > 0
    found = learner.scores(learner.train(counts, 0, None))
    tree = DecisionTreeRegressor(max_depth=4).fit(
        matrix[seen], values[seen], sample_weight=counts[seen]
    )
    assert np.allclose(found[seen, 0], tree.predict(matrix)[seen], atol=0.1)


def test_targets() -> None:
    labels = np.array([0, 2, 1], dtype=np.float32)
    assert targets_of(labels, 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert targets_of(labels[[0, 2]], 2).tolist() == [0, 1]
