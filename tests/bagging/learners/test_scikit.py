"""Estimators of scikit-learn as replicas: what they see and answer, what their files hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from pipeline.bagging.learners.allowed import KNOWN
from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.scikit import Preparation, ScikitLearner, ScikitMember, _canonical
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import ModelError, UserError
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter

ROWS = 120
NAN = np.nan
NUMBERS = FeatureSchema(tuple(Feature(name, "numeric") for name in "abc"))
MIXED = FeatureSchema(
    (
        Feature("a", "numeric"),
        Feature("b", "categorical", ("x", "y", "z")),
        Feature("c", "boolean"),
    )
)
SPARSE = FeatureSchema(vector="v", size=3, is_sparse=True)
REGRESSORS = ("Regressor", "SVR", "Ridge", "Lasso", "ElasticNet", "LinearRegression")
# As few steps as show that a file holds all that was learnt.
SMALL: Mapping[str, Any] = {
    "max_iter": 4,
    "n_estimators": 3,
    "hidden_layer_sizes": [4],
    "batch_size": 32,
}


def spec_of(
    name: str,
    classes: int = 2,
    features: FeatureSchema = NUMBERS,
    allowed: tuple[str, ...] = (),
    **params: Any,
) -> LearnerSpec:
    path = next((path for path in KNOWN if path.endswith(f".{name}")), name)
    return LearnerSpec(path, params, features, classes, allowed)


def shard_of(
    path: Path, matrix: Any, labels: Any, weights: Any | None = None, width: int = 3
) -> Shard:
    is_sparse = sparse.issparse(matrix)
    layout = {"is_sparse": is_sparse, "is_weighted": weights is not None}
    with ShardWriter(path / "shard", width, **layout) as writer:
        own = None if weights is None else np.asarray(weights, dtype=np.float32)
        rows = matrix if is_sparse else np.asarray(matrix, dtype=np.float32)
        count = rows.shape[0]
        writer.add(ShardRows(np.arange(count), rows, np.asarray(labels, dtype=np.float32), own))
    return Shard(path / "shard")


def table(classes: int = 2, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.gamma(2, size=(ROWS, 3)).astype(np.float32)
    score = matrix[:, 0] + 0.5 * matrix[:, 1] + rng.normal(0, 0.3, ROWS)
    if not classes:
        return matrix, np.abs(score).astype(np.float32) + 0.1
    cuts = np.quantile(score, np.arange(1, classes) / classes)
    return matrix, np.digitize(score, cuts).astype(np.float32)


def draws(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(0, rows, rows)
    return np.bincount(drawn, minlength=rows).astype(np.float32)


def small(path: str) -> dict[str, Any]:
    from pipeline.bagging.learners.allowed import load_class

    taken = load_class(path, ())._get_param_names()
    return {name: value for name, value in SMALL.items() if name in taken}


# --- every known estimator ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("features", [NUMBERS, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("path", KNOWN)
def test_a_known_estimator_answers_the_same_from_its_file(
    path: str, features: FeatureSchema, tmp_path: Path
) -> None:
    for classes in (0,) if path.endswith(REGRESSORS) else (2, 3):
        matrix, labels = table(classes)
        rows = sparse.csr_matrix(np.where(matrix > 1, matrix, 0)) if features.is_sparse else matrix
        spec = LearnerSpec(path, small(path), features, classes)
        learner = ScikitLearner(shard_of(tmp_path, rows, labels), spec, 2)
        member = learner.train(draws(), 7, None)
        data = member.save()
        opened = ScikitMember.open(data, spec, 1)
        expected = member.scores(rows)
        assert expected.dtype == np.float32
        assert expected.shape == (ROWS, spec.outputs)
        assert np.isfinite(expected).all()
        assert np.array_equal(opened.scores(rows), expected)
        assert np.array_equal(learner.scores(member), expected)
        assert opened.save() == data
        assert (
            ScikitLearner(learner_shard(tmp_path), spec, 1).train(draws(), 7, None).save() == data
        )


def learner_shard(path: Path) -> Shard:
    return Shard(path / "shard")


# --- rows -----------------------------------------------------------------------------------------


def prepared(tmp_path: Path, matrix: Any, features: FeatureSchema, estimator: Any) -> Preparation:
    shard = shard_of(tmp_path, matrix, np.zeros(matrix.shape[0]), width=features.width)
    return Preparation.fit(shard, features, estimator, lambda: None)


def test_categories_become_columns_and_missing_ones_none(tmp_path: Path) -> None:
    matrix = np.array([[1, 2, 0], [3, NAN, 1], [NAN, 0, NAN], [8, 1, 1]], dtype=np.float32)
    found = prepared(tmp_path, matrix, MIXED, LogisticRegression())
    assert found.apply(matrix).tolist() == [
        [1, 0, 0, 1, 0],
        [3, 0, 0, 0, 1],
        [3, 1, 0, 0, 1],  # the medians of 1, 3, 8 and of 0, 1, 1
        [8, 0, 1, 0, 1],
    ]


def test_missing_numbers_stay_where_the_estimator_takes_them(tmp_path: Path) -> None:
    matrix = np.array([[1, 2, 0], [NAN, NAN, 1]], dtype=np.float32)
    found = prepared(tmp_path, matrix, MIXED, DecisionTreeClassifier()).apply(matrix)
    assert np.array_equal(found, [[1, 0, 0, 1, 0], [NAN, 0, 0, 0, 1]], equal_nan=True)


def test_a_column_without_numbers_is_zero(tmp_path: Path) -> None:
    matrix = np.array([[NAN, 2, 0], [NAN, 4, 1]], dtype=np.float32)
    found = prepared(tmp_path, matrix, NUMBERS, GaussianNB())
    assert found.apply(matrix)[:, 0].tolist() == [0, 0]
    new = np.full((1, 3), NAN, dtype=np.float32)
    assert found.apply(new).tolist() == [[0, 3, 0.5]]


def test_many_categories_are_sparse_where_the_estimator_takes_that(tmp_path: Path) -> None:
    features = FeatureSchema(
        (Feature("a", "numeric"), Feature("b", "categorical", tuple("abcdefghij")))
    )
    matrix = np.array([[1, 9], [NAN, 0], [0, NAN]], dtype=np.float32)
    found = {
        type(estimator): prepared(tmp_path, matrix, features, estimator).apply(matrix)
        for estimator in (DecisionTreeClassifier(), GaussianNB())
    }
    thin, full = found[DecisionTreeClassifier], found[GaussianNB]
    assert sparse.issparse(thin)
    assert thin.has_sorted_indices
    assert isinstance(full, np.ndarray)
    assert thin.toarray().tolist() == full.tolist()  # a tree takes no NaN in sparse rows
    assert full[:, 0].tolist() == [1, 0.5, 0]
    assert full.sum(axis=1).tolist() == [2, 1.5, 0]


def test_sparse_rows_stay_sparse_or_become_dense(tmp_path: Path) -> None:
    rows = sparse.csr_matrix(np.array([[0, 2, 0], [NAN, 0, 1]], dtype=np.float32))
    expected = [[0, 2, 0], [0, 0, 1]]
    kept = prepared(tmp_path, rows, SPARSE, DecisionTreeClassifier()).apply(rows)
    assert sparse.issparse(kept)
    assert kept.toarray().tolist() == expected
    assert prepared(tmp_path, rows, SPARSE, GaussianNB()).apply(rows).tolist() == expected


def test_a_subspace_takes_a_features_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrix = np.column_stack(
        [rng.normal(size=ROWS), rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS)]
    ).astype(np.float32)
    labels = (matrix[:, 1] == 1).astype(np.float32)
    learner = ScikitLearner(
        shard_of(tmp_path, matrix, labels), spec_of("DecisionTreeClassifier", features=MIXED), 1
    )
    for columns, is_right in (([1, 2], True), ([0, 2], False)):
        member = learner.train(draws(), 0, np.array(columns))
        assert member.estimator.n_features_in_ == (4 if 1 in columns else 2)
        assert ((member.scores(matrix)[:, 0] > 0.5) == labels).all() == is_right


# --- replicas -------------------------------------------------------------------------------------


def test_a_replica_is_the_estimator_on_the_sample_with_its_weights(tmp_path: Path) -> None:
    matrix, labels = table()
    own = np.linspace(0.5, 2, ROWS).astype(np.float32)
    spec = spec_of("DecisionTreeClassifier", max_depth=3)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels, own), spec, 1)
    weights = draws() * own
    found = learner.scores(learner.train(weights, 3, None))
    seen = weights > 0
    expected = DecisionTreeClassifier(max_depth=3, random_state=3).fit(
        matrix[seen], labels[seen], weights[seen]
    )
    assert np.allclose(found[:, 0], expected.predict_proba(matrix)[:, 1])


@pytest.mark.parametrize("own", [None, 2.0])
def test_an_estimator_without_weights_gets_rows_as_often_as_drawn(
    own: float | None, tmp_path: Path
) -> None:
    matrix, labels = table()
    weights = None if own is None else np.full(ROWS, own)
    spec = spec_of("KNeighborsClassifier", n_neighbors=6)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels, weights), spec, 1)
    counts = draws() * (own or 1)
    repeated = np.repeat(np.arange(ROWS), counts.astype(int))
    expected = KNeighborsClassifier(6).fit(matrix[repeated], labels[repeated])
    found = learner.train(counts, 0, None).scores(matrix)
    assert np.allclose(found[:, 0], expected.predict_proba(matrix)[:, 1])


def test_an_estimator_without_weights_refuses_fractions(tmp_path: Path) -> None:
    matrix, labels = table()
    spec = spec_of("KNeighborsClassifier")
    with pytest.raises(UserError, match="its fit takes no weights"):
        ScikitLearner(shard_of(tmp_path, matrix, labels, np.full(ROWS, 0.5)), spec, 1)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec, 1)
    with pytest.raises(UserError, match="its fit takes no weights"):
        learner.train(draws() * 0.5, 0, None)


def test_regression_answers_with_values(tmp_path: Path) -> None:
    matrix, values = table(0)
    spec = spec_of("KNeighborsRegressor", classes=0, n_neighbors=1)
    learner = ScikitLearner(shard_of(tmp_path, matrix, values), spec, 1)
    found = learner.scores(learner.train(np.ones(ROWS, dtype=np.float32), 0, None))
    assert np.array_equal(found[:, 0], KNeighborsRegressor(1).fit(matrix, values).predict(matrix))


def test_an_estimator_without_probabilities_votes(tmp_path: Path) -> None:
    matrix, labels = table(3)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec_of("RidgeClassifier", 3), 1)
    found = learner.scores(learner.train(draws(), 0, None))
    assert set(found.ravel()) == {0.0, 1.0}
    assert (found.sum(axis=1) == 1).all()
    assert (found.argmax(axis=1) == labels).mean() > 0.6


@pytest.mark.parametrize("name", ["LogisticRegression", "LinearSVC", "KNeighborsClassifier"])
def test_a_replica_without_a_class_answers_zero_for_it(name: str, tmp_path: Path) -> None:
    matrix, labels = table(3)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec_of(name, 3), 1)
    found = learner.scores(learner.train(draws() * (labels != 1), 0, None))
    assert (found[:, 1] == 0).all()
    assert (found[:, [0, 2]].max(axis=0) > 0.5).all()
    assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", ["LogisticRegression", "DecisionTreeClassifier"])
def test_a_replica_of_one_class_is_sure_of_it(name: str, classes: int, tmp_path: Path) -> None:
    matrix, labels = table(classes)
    spec = spec_of(name, classes)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec, 1)
    member = learner.train(draws() * (labels == 1), 0, np.array([0, 2]))
    opened = ScikitMember.open(member.save(), spec, 1)
    expected = [1.0] if classes == 2 else [0.0, 1.0, 0.0]
    assert (opened.scores(matrix) == expected).all()
    assert isinstance(opened.estimator, DummyClassifier)


def test_the_seed_and_the_threads_are_the_jobs(tmp_path: Path) -> None:
    matrix, labels = table()
    spec = spec_of("RandomForestClassifier", n_estimators=4)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec, 2)
    members = [learner.train(draws(), seed, None) for seed in (1, 1, 2**40 + 5)]
    assert members[0].estimator.get_params()["n_jobs"] == 2
    assert members[0].save() == members[1].save() != members[2].save()
    expected = RandomForestClassifier(4, random_state=1).fit(
        matrix[draws() > 0], labels[draws() > 0], draws()[draws() > 0]
    )
    found = learner.scores(members[0])[:, 0]
    assert np.allclose(found, expected.predict_proba(matrix)[:, 1])


def test_a_replica_does_not_depend_on_those_before_it(tmp_path: Path) -> None:
    matrix, labels = table()
    shard = shard_of(tmp_path, matrix, labels)
    spec = spec_of("SGDClassifier", loss="log_loss")
    first, second = (ScikitLearner(shard, spec, 1) for _ in range(2))
    for seed in range(3):
        last = first.train(draws(seed), seed, None)
    assert last.save() == second.train(draws(2), 2, None).save()


def test_rows_that_an_estimator_refuses_are_the_users_error(tmp_path: Path) -> None:
    matrix, labels = table()
    learner = ScikitLearner(shard_of(tmp_path, -matrix, labels), spec_of("MultinomialNB"), 1)
    with pytest.raises(UserError, match="MultinomialNB: it cannot be trained on these rows: Neg"):
        learner.train(draws(), 0, None)


def test_no_rows_have_no_scores(tmp_path: Path) -> None:
    matrix, labels = table(3)
    learner = ScikitLearner(shard_of(tmp_path, matrix, labels), spec_of("GaussianNB", 3), 1)
    member = learner.train(draws(), 0, None)
    assert member.scores(matrix[:0]).shape == (0, 3)


def test_scores_in_blocks_are_the_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, labels = table(3)
    calls = []
    shard = shard_of(tmp_path, matrix, labels)
    learner = ScikitLearner(shard, spec_of("GaussianNB", 3), 1, (), lambda: calls.append(1))
    assert calls
    member = learner.train(draws(), 0, None)
    expected = member.scores(matrix)
    monkeypatch.setattr(ScikitMember, "_block_rows", lambda *_: 7)
    assert np.array_equal(member.scores(matrix), expected)
    assert np.array_equal(learner.scores(member), expected)


def test_medians_are_the_same_for_any_block_of_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, _ = table()
    expected = np.median(matrix, axis=0)
    monkeypatch.setattr("pipeline.bagging.learners.scikit._BLOCK_VALUES", 1)
    found = prepared(tmp_path, matrix, NUMBERS, GaussianNB()).medians
    assert found is not None
    assert np.allclose(found, expected)


# --- files ----------------------------------------------------------------------------------------


class Threshold(ClassifierMixin, BaseEstimator):
    """A user's own estimator, with a part of a type of its own."""

    class_part: Any

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def fit(self, rows: Any, labels: Any) -> Threshold:
        self.classes_ = np.unique(labels)
        self.part_ = Part()
        return self

    def predict(self, rows: Any) -> Any:
        return np.where(rows[:, 0] > self.at, 1, 0)


class Part:
    made = 0

    def __init__(self) -> None:
        self.value = 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        Part.made += 1
        self.__dict__.update(state)


OWN = f"{__name__}.Threshold"
PART = f"{__name__}.Part"


def test_an_estimator_of_the_user_needs_its_types_allowed(tmp_path: Path) -> None:
    matrix, labels = table()
    shard = shard_of(tmp_path, matrix, labels)
    spec = spec_of(OWN, allowed=(OWN,), at=1.5)
    with pytest.raises(ModelError, match=PART) as raised:  # in training, not when it is used
        ScikitLearner(shard, spec, 1).train(draws(), 0, None)
    assert "bagging.learners_allowed" in str(raised.value)
    spec = spec_of(OWN, allowed=(OWN, PART), at=1.5)
    data = ScikitLearner(shard, spec, 1).train(draws(), 0, None).save()
    found = ScikitMember.open(data, spec, 1).scores(matrix)
    assert np.array_equal(found[:, 0], matrix[:, 0] > 1.5)


def test_a_file_with_a_type_that_is_not_allowed_makes_nothing(tmp_path: Path) -> None:
    matrix, labels = table()
    shard = shard_of(tmp_path, matrix, labels)
    data = ScikitLearner(shard, spec_of(OWN, allowed=(OWN, PART)), 1).train(draws(), 0, None).save()
    made = Part.made
    with pytest.raises(ModelError, match="may not be loaded"):
        ScikitMember.open(data, spec_of("GaussianNB"), 1)
    with pytest.raises(UserError, match=r"add .*Threshold to bagging\.learners_allowed"):
        ScikitMember.open(data, spec_of(OWN), 1)
    assert Part.made == made


def test_a_file_of_another_estimator_is_refused(tmp_path: Path) -> None:
    matrix, labels = table()
    shard = shard_of(tmp_path, matrix, labels)
    data = ScikitLearner(shard, spec_of("GaussianNB"), 1).train(draws(), 0, None).save()
    with pytest.raises(ModelError, match="it holds a GaussianNB"):
        ScikitMember.open(data, spec_of("BernoulliNB"), 1)
    wider = FeatureSchema(tuple(Feature(name, "numeric") for name in "abcd"))
    with pytest.raises(ModelError, match="3 entries for 4 features"):
        ScikitMember.open(data, spec_of("GaussianNB", features=wider), 1)
    for other in (b"", b"PK", data[:-100], _canonical(skops.io.dumps({"a": 1}))):
        with pytest.raises(ModelError, match="damaged"):
            ScikitMember.open(other, spec_of("GaussianNB"), 1)


SCRIPT = """
import sys, zlib
from pathlib import Path
from pipeline.bagging.learners.scikit import ScikitLearner
from pipeline.spark.shard_file import Shard
from tests.bagging.learners import test_scikit as t
for name in sys.argv[3:]:
    spec = t.spec_of(name, 3, t.MIXED, **t.small(t.spec_of(name).name))
    learner = ScikitLearner(Shard(Path(sys.argv[1])), spec, int(sys.argv[2]))
    print(zlib.crc32(learner.train(t.draws(), 3, None).save()))
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrix = np.column_stack(
        [rng.normal(size=ROWS), rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS)]
    )
    shard_of(tmp_path, matrix, rng.integers(0, 3, ROWS))
    names = ["HistGradientBoostingClassifier", "RandomForestClassifier", "MLPClassifier", "SVC"]
    names += ["KNeighborsClassifier", "GradientBoostingClassifier"]
    found = []
    for threads in ("1", "2"):
        command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path / "shard"), threads]
        environment = {**os.environ, "PYTHONHASHSEED": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [*command, *names], env=environment, check=True, capture_output=True, text=True
        )
        found.append(done.stdout.split())
    assert found[0] == found[1]
    assert len(found[0]) == len(names)
