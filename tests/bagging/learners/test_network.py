"""A replica that is a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.network import NetworkLearner, NetworkMember
from pipeline.data.encoding import Feature, FeatureSchema, Matrix
from pipeline.errors import DataError, UserError
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

ROOT = Path(__file__).resolve().parents[3]
ROWS = 600
SCHEMA = FeatureSchema(
    (
        Feature("a", "numeric"),
        Feature("c", "categorical", ("blue", "green", "red")),
        Feature("b", "numeric"),
    )
)
PARAMS = {"hidden": [24], "epochs": 12, "batch_size": 64, "learning_rate": 0.02}


def _spec(classes: int, **params: object) -> LearnerSpec:
    return LearnerSpec("network", {**PARAMS, **params}, SCHEMA, classes)


def _shard(path: Path, matrix: Matrix, labels: np.ndarray) -> Shard:
    is_sparse = not isinstance(matrix, np.ndarray)
    with ShardWriter(path, matrix.shape[1], is_sparse=is_sparse, is_weighted=False) as writer:
        writer.add(ShardRows(np.arange(len(labels)), matrix, labels.astype(np.float32)))
    return Shard(path)


def _table(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and a category, some missing, and a value that follows from them."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(5, 3, ROWS), rng.normal(0, 100, ROWS)
    code = rng.integers(0, 3, ROWS)
    value = (a - 5) / 3 + np.array([-1.0, 0.0, 1.0])[code]
    matrix = np.column_stack([a, code, b]).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.03] = np.nan
    return matrix, value


def _ones() -> np.ndarray:
    return np.ones(ROWS, dtype=np.float32)


def test_two_classes_are_learnt(tmp_path: Path) -> None:
    matrix, value = _table()
    shard = _shard(tmp_path / "s", matrix, value > 0)
    learner = NetworkLearner(shard, _spec(2), threads=1)
    member = learner.train(_ones(), 0, None)
    found = learner.scores(member)
    assert found.shape == (ROWS, 1)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    assert ((found[:, 0] > 0.5) == (value > 0)).mean() > 0.9
    assert np.array_equal(member.scores(matrix), found)
    assert member.scores(matrix[:0]).shape == (0, 1)


def test_three_classes_are_learnt(tmp_path: Path) -> None:
    matrix, value = _table()
    labels = np.digitize(value, [-0.8, 0.8])
    learner = NetworkLearner(_shard(tmp_path / "s", matrix, labels), _spec(3), threads=1)
    found = learner.scores(learner.train(_ones(), 0, None))
    assert found.shape == (ROWS, 3)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found.argmax(axis=1) == labels).mean() > 0.8


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e6, 1e7), (1e-4, -3e-4)])
def test_values_are_learnt_in_any_unit(scale: float, offset: float, tmp_path: Path) -> None:
    matrix, value = _table()
    labels = value * scale + offset
    learner = NetworkLearner(_shard(tmp_path / "s", matrix, labels), _spec(0), threads=1)
    member = learner.train(_ones(), 0, None)
    found = learner.scores(member)
    assert found.shape == (ROWS, 1)
    unexplained = np.square(found[:, 0] - labels).mean() / labels.var()
    assert unexplained < 0.15
    again = NetworkMember.open(member.save(), _spec(0), threads=1)
    assert np.array_equal(again.scores(matrix), found)


def test_labels_that_are_all_the_same_are_predicted(tmp_path: Path) -> None:
    matrix, _ = _table()
    shard = _shard(tmp_path / "s", matrix, np.full(ROWS, 7.5))
    learner = NetworkLearner(shard, _spec(0, epochs=1), threads=1)
    assert (learner.scores(learner.train(_ones(), 0, None)) == 7.5).all()


def test_sparse_vectors_are_learnt(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    dense = (rng.random((ROWS, 4)) * (rng.random((ROWS, 4)) < 0.5)).astype(np.float32)
    labels = dense[:, 2] > 0.3
    features = FeatureSchema(vector="v", size=4, is_sparse=True)
    spec = replace(_spec(2), features=features)
    shard = _shard(tmp_path / "s", sparse.csr_matrix(dense), labels)
    learner = NetworkLearner(shard, spec, threads=1)
    found = learner.scores(learner.train(_ones(), 0, np.array([1, 2])))
    assert ((found[:, 0] > 0.5) == labels).mean() > 0.9


def test_rows_of_weight_zero_are_never_seen(tmp_path: Path) -> None:
    matrix, value = _table()
    weights = np.random.default_rng(3).integers(0, 3, ROWS).astype(np.float32)
    seen = weights > 0
    spec = _spec(0, epochs=2)
    alone = _shard(tmp_path / "alone", matrix[seen], value[seen])
    expected = NetworkLearner(alone, spec, threads=1).train(weights[seen], 0, None)
    matrix[~seen] = 1e30
    value[~seen] = -1e20
    among = NetworkLearner(_shard(tmp_path / "among", matrix, value), spec, threads=1)
    assert among.train(weights, 0, None).save() == expected.save()
    with pytest.raises(DataError, match="sample has no rows"):
        among.train(np.zeros(ROWS, dtype=np.float32), 0, None)


def test_a_weight_of_three_is_like_three_copies(tmp_path: Path) -> None:
    """Each row comes with both labels, one of them three times."""
    rng = np.random.default_rng(0)
    half = np.column_stack(
        [rng.normal(size=ROWS // 2), rng.integers(0, 3, ROWS // 2), rng.normal(size=ROWS // 2)]
    ).astype(np.float32)
    often = (half[:, 0] > 0).astype(np.float32)
    matrix, labels = np.concatenate([half, half]), np.concatenate([often, 1 - often])
    weights = np.repeat([3, 1], ROWS // 2).astype(np.float32)
    # On all rows at once, and without what does not know weights.
    spec = _spec(2, dropout=0.0, batch_size=10_000, epochs=60, normalisation="layer")
    learner = NetworkLearner(_shard(tmp_path / "w", matrix, labels), spec, threads=1)
    found = learner.train(weights, 0, None).scores(half)[:, 0]
    copies = np.repeat(np.arange(ROWS), weights.astype(int))
    other = NetworkLearner(_shard(tmp_path / "c", matrix[copies], labels[copies]), spec, 1)
    expected = other.train(np.ones(len(copies), np.float32), 0, None).scores(half)[:, 0]
    clear = np.abs(half[:, 0]) > 0.3
    for scores in (found, expected):
        assert scores[clear & (often == 1)].mean() == pytest.approx(0.75, abs=0.06)
        assert scores[clear & (often == 0)].mean() == pytest.approx(0.25, abs=0.06)
    assert np.allclose(found, expected, atol=0.01)


def test_a_replica_does_not_depend_on_the_replicas_before_it(tmp_path: Path) -> None:
    matrix, value = _table()
    shard = _shard(tmp_path / "s", matrix, value > 0)
    first, second = (NetworkLearner(shard, _spec(2, epochs=2), threads=1) for _ in range(2))
    draws = np.random.default_rng(0).poisson(1.0, (3, ROWS)).astype(np.float32)
    files = [first.train(draws[replica], 10**9 + replica, None).save() for replica in range(3)]
    assert len(set(files)) == 3
    assert second.train(draws[2], 10**9 + 2, None).save() == files[2]
    assert second.train(draws[2], 10**9 + 3, None).save() != files[2]


@pytest.mark.parametrize("columns", [[0], [1], [1, 2]])
def test_a_replica_uses_its_own_columns_only(columns: list[int], tmp_path: Path) -> None:
    matrix, value = _table()
    shard = _shard(tmp_path / "s", matrix, value > 0)
    learner = NetworkLearner(shard, _spec(2, epochs=6), threads=1)
    trained = learner.train(_ones(), 0, np.array(columns))
    member = NetworkMember.open(trained.save(), _spec(2), threads=1)
    found = member.scores(matrix)
    others = [place for place in range(3) if place not in columns]
    changed = matrix.copy()
    changed[:, others] = changed[::-1, others]
    assert np.array_equal(member.scores(changed), found)
    assert np.ptp(found) > 0.1


def test_divergence_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    matrix, value = _table()
    spec = _spec(2, learning_rate=1e38, epochs=2)
    learner = NetworkLearner(_shard(tmp_path / "s", matrix, value > 0), spec, threads=1)
    with pytest.raises(UserError, match=r"no column is out of range: lower deep\.learning_rate"):
        learner.train(_ones(), 0, None)


def test_training_says_that_it_moves(tmp_path: Path) -> None:
    matrix, value = _table()
    steps: list[None] = []
    shard = _shard(tmp_path / "s", matrix, value > 0)
    learner = NetworkLearner(
        shard, _spec(2, epochs=1), threads=1, on_chunk=lambda: steps.append(None)
    )
    member = learner.train(_ones(), 0, None)
    assert len(steps) >= ROWS // PARAMS["batch_size"]
    before = len(steps)
    learner.scores(member)
    assert len(steps) > before


_PLAIN_PYTHON = """
import json, sys
sys.modules["pyspark"] = sys.modules["py4j"] = sys.modules["horovod"] = None
from pathlib import Path
import numpy as np
from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.network import NetworkMember
from pipeline.data.encoding import FeatureSchema
features = FeatureSchema.from_json(json.load(sys.stdin))
spec = LearnerSpec("network", {}, features, 2)
member = NetworkMember.open(Path(sys.argv[1]).read_bytes(), spec, threads=1)
matrix = np.load(sys.argv[2])
json.dump(member.scores(matrix).tolist(), sys.stdout)
"""


def test_a_member_is_opened_without_spark(tmp_path: Path) -> None:
    matrix, value = _table()
    shard = _shard(tmp_path / "s", matrix, value > 0)
    member = NetworkLearner(shard, _spec(2, epochs=2), threads=1).train(_ones(), 0, None)
    file, rows = tmp_path / "member.zip", tmp_path / "rows.npy"
    file.write_bytes(member.save())
    np.save(rows, matrix[:50])
    done = subprocess.run(
        [sys.executable, "-c", _PLAIN_PYTHON, str(file), str(rows)],
        input=json.dumps(SCHEMA.to_json()),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert np.allclose(json.loads(done.stdout), member.scores(matrix[:50]), atol=1e-6)
