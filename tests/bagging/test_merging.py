"""Merged boosters against the mean of their replicas, by real XGBoost."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from pipeline.bagging.merging import is_mergeable, merge, passes
from pipeline.boosting import ubjson
from pipeline.errors import ModelError

ROWS, WIDTH, CATEGORIES = 600, 5, 8
NAMES = [f"column {place}" for place in range(WIDTH)]


def _features() -> np.ndarray:
    """Numbers with gaps, and a column of categories with gaps."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    matrix[:, -1] = rng.integers(0, CATEGORIES, ROWS)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return matrix


MATRIX = _features()
VALUES = np.nan_to_num(MATRIX[:, 0]) + np.isin(MATRIX[:, -1], (1, 4, 6)) + 3.0
BINARY = (VALUES > 3.3).astype(np.float32)
# A column for each of three classes.
SHARES = (np.digitize(VALUES, (2.9, 3.6))[:, None] == np.arange(3)).astype(np.float32)
CART: dict[str, Any] = {
    "objective": "reg:squarederror",
    "base_score": 0.0,
    "eta": 1.0,
    "reg_lambda": 0.0,
}


def _train(
    labels: np.ndarray, number: int, *, rounds: int = 1, categorical: bool = True, **params: Any
) -> xgb.Booster:
    kinds = ["q"] * (WIDTH - 1) + ["c" if categorical else "q"]
    rows = xgb.DMatrix(
        MATRIX,
        labels,
        weight=np.random.default_rng(number).poisson(1.0, ROWS),
        feature_names=NAMES,
        feature_types=kinds,
        enable_categorical=True,
    )
    return xgb.train({"max_depth": 4, "max_cat_to_onehot": 1, "nthread": 1, **params}, rows, rounds)


def _replicas(labels: np.ndarray, count: int = 5, **params: Any) -> list[xgb.Booster]:
    return [_train(labels, number, **params) for number in range(count)]


def _bytes(replicas: list[xgb.Booster]) -> list[bytes]:
    return [bytes(replica.save_raw("ubj")) for replica in replicas]


def _merge(files: list[bytes]) -> xgb.Booster:
    sink = io.BytesIO()
    merge(iter(files), len(files), sink)
    return xgb.Booster(model_file=bytearray(sink.getvalue()))


def _check(replicas: list[xgb.Booster]) -> xgb.Booster:
    """Compare with the mean, and each slice with its replica's share."""
    merged = _merge(_bytes(replicas))
    scores = [replica.inplace_predict(MATRIX) for replica in replicas]
    found = merged.inplace_predict(MATRIX)
    assert found.shape == scores[0].shape
    np.testing.assert_allclose(found, np.mean(scores, axis=0), rtol=1e-6, atol=1e-6)
    assert merged.num_boosted_rounds() == len(replicas)
    for place, score in enumerate(scores):
        share = merged[place : place + 1].inplace_predict(MATRIX)
        np.testing.assert_allclose(share, score / len(replicas), rtol=1e-6, atol=1e-6)
    return merged


@pytest.mark.parametrize("labels", [VALUES, BINARY], ids=["regression", "two classes"])
def test_a_merged_booster_predicts_the_mean_of_its_replicas(labels: np.ndarray) -> None:
    merged = _check(_replicas(labels, **CART))
    assert merged.feature_names == NAMES
    assert merged.feature_types == ["q", "q", "q", "q", "c"]


def test_categories_and_missing_values_go_where_the_replicas_send_them() -> None:
    replicas = _replicas(VALUES, **CART)
    assert all(len(tree["categories"]) for one in replicas for tree in _trees(one))
    _check(replicas)


def test_replicas_may_have_any_number_of_rounds_each() -> None:
    replicas = [
        _train(VALUES, number, rounds=rounds, objective="reg:squarederror", base_score=0.0)
        for number, rounds in enumerate((3, 7, 1))
    ]
    merged = _check(replicas)
    assert len(merged.get_dump()) == 11


def test_base_scores_are_averaged_too() -> None:
    replicas = _replicas(VALUES, objective="reg:squarederror", rounds=3)
    assert len({_base_score(replica) for replica in replicas}) > 1
    _check(replicas)


@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic"])
@pytest.mark.parametrize("params", [{}, {"base_score": 0.2}, {"eta": 0.1}, {"base_score": 0.5}])
def test_probabilities_of_single_trees_are_averaged(objective: str, params: Any) -> None:
    _check(_replicas(BINARY, objective=objective, **params))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_samples_without_one_of_the_classes_are_averaged(label: float) -> None:
    _check(_replicas(np.full(ROWS, label), objective="binary:logistic"))


@pytest.mark.parametrize("base", [{"base_score": 0.0}, {}], ids=["no base score", "base scores"])
@pytest.mark.parametrize("rounds", [1, 3])
def test_vector_leaves_of_three_classes_are_averaged(rounds: int, base: Any) -> None:
    params = {**CART, "multi_strategy": "multi_output_tree", "rounds": rounds}
    if not base:
        del params["base_score"]
    merged = _check(_replicas(SHARES, categorical=False, **params))
    assert len(merged.get_dump()) == 5 * rounds


@pytest.mark.parametrize("base", [{"base_score": 0.0}, {}], ids=["no base score", "base scores"])
@pytest.mark.parametrize("rounds", [1, 3])
def test_one_tree_for_each_of_three_classes_is_averaged(rounds: int, base: Any) -> None:
    params = {"objective": "reg:squarederror", "rounds": rounds, **base}
    merged = _check(_replicas(SHARES, **params))
    assert len(merged.get_dump()) == 5 * 3 * rounds


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_trees_without_a_split_are_averaged(strategy: str) -> None:
    params = {**CART, "gamma": 1e9, "multi_strategy": strategy}
    _check(_replicas(SHARES, categorical=False, **params))


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_probabilities_of_several_labels_are_averaged(strategy: str) -> None:
    params = {"objective": "binary:logistic", "multi_strategy": strategy}
    _check(_replicas(SHARES, categorical=False, **params))


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "reg:absoluteerror"},
        {"objective": "reg:pseudohubererror"},
        {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]},
        {"objective": "reg:squaredlogerror"},
        {"objective": "reg:squarederror", "num_parallel_tree": 3, "subsample": 0.5},
        {"objective": "reg:squarederror", "tree_method": "exact", "gamma": 2, "categorical": False},
    ],
    ids=lambda params: "-".join(str(value) for value in params.values()),
)
def test_objectives_whose_scores_are_sums_are_averaged(params: Any) -> None:
    _check(_replicas(VALUES, rounds=3, **params))


def test_a_merged_booster_can_be_saved_dumped_and_explained() -> None:
    merged = _check(_replicas(VALUES, **CART))
    again = xgb.Booster(model_file=merged.save_raw("ubj"))
    found = again.inplace_predict(MATRIX)
    assert np.array_equal(found, merged.inplace_predict(MATRIX))
    rows = xgb.DMatrix(MATRIX, feature_names=NAMES, feature_types=merged.feature_types)
    explained = merged.predict(rows, pred_contribs=True).sum(axis=1)
    np.testing.assert_allclose(explained, found, rtol=1e-4)
    assert merged.get_score(importance_type="gain")[NAMES[0]] > 0
    assert [tree["id"] for tree in _trees(merged)] == list(range(5))


def test_passes_over_the_merged_booster_add_up_to_the_mean() -> None:
    merged = _check(_replicas(VALUES, objective="reg:squarederror"))
    ranges = passes(4 << 20, 5)
    assert ranges == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    parts = [merged.inplace_predict(MATRIX, iteration_range=part) for part in ranges]
    np.testing.assert_allclose(np.sum(parts, axis=0), merged.inplace_predict(MATRIX), rtol=1e-6)


def test_a_small_booster_is_predicted_in_one_pass_and_a_large_one_in_passes() -> None:
    assert passes(10_000, 100) == [(0, 100)]
    many = passes(58 << 20, 1000)
    assert 20 < len(many) < 60
    assert [start for start, _ in many[1:]] == [stop for _, stop in many[:-1]]
    assert (many[0][0], many[-1][1]) == (0, 1000)
    assert passes(100 << 20, 2) == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    ("objective", "rounds", "booster", "expected"),
    [
        ("reg:squarederror", 1, "gbtree", True),
        ("reg:squarederror", 9, "gbtree", True),
        ("reg:quantileerror", 9, "gbtree", True),
        ("reg:squarederror", 1, "dart", False),
        ("reg:squarederror", 1, "gblinear", False),
        ("binary:logistic", 1, "gbtree", True),
        ("binary:logistic", 2, "gbtree", False),
        ("reg:logistic", 2, "gbtree", False),
        ("multi:softprob", 1, "gbtree", False),
        ("count:poisson", 1, "gbtree", False),
        ("survival:cox", 1, "gbtree", False),
    ],
)
def test_only_sums_and_single_probabilities_are_mergeable(
    objective: str, rounds: int, booster: str, expected: bool
) -> None:
    assert is_mergeable(objective, rounds, booster) is expected


@pytest.mark.parametrize(
    ("labels", "params"),
    [
        (BINARY, {"objective": "binary:logistic", "rounds": 2}),
        (BINARY, {"objective": "binary:logistic", "num_parallel_tree": 2, "subsample": 0.5}),
        (SHARES.argmax(axis=1), {"objective": "multi:softprob", "num_class": 3}),
        (VALUES, {"objective": "reg:squarederror", "booster": "dart"}),
    ],
    ids=["rounds", "forest", "softprob", "dart"],
)
def test_replicas_whose_mean_is_no_sum_of_trees_are_refused(
    labels: np.ndarray, params: Any
) -> None:
    files = _bytes(_replicas(labels, 2, **params))
    with pytest.raises(ModelError, match=r"replica 0: .*cannot be merged"):
        _merge(files)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (_train(SHARES, 0, **CART), "number of targets"),
        (_train(VALUES, 0, categorical=False, **CART), "feature types"),
        (_train(VALUES, 0, objective="reg:absoluteerror"), "objective"),
    ],
)
def test_a_replica_that_does_not_match_the_first_is_refused(
    other: xgb.Booster, message: str
) -> None:
    files = _bytes([_train(VALUES, 0, **CART), other])
    with pytest.raises(ModelError, match=f"replica 1 does not match the first one: .*{message}"):
        _merge(files)


def test_a_replica_with_other_feature_names_is_refused() -> None:
    first, other = _replicas(VALUES, 2, **CART)
    other.feature_names = list(reversed(NAMES))
    with pytest.raises(ModelError, match=r"replica 1 .* other feature names"):
        _merge(_bytes([first, other]))


def test_replicas_of_the_same_categories_are_merged_and_of_others_refused() -> None:
    def grow(categories: str) -> xgb.Booster:
        column = pd.Categorical(np.resize(list(categories), ROWS), list(categories))
        rows = xgb.DMatrix(pd.DataFrame({"a": column}), VALUES, enable_categorical=True)
        return xgb.train({**CART, "nthread": 1}, rows, 1)

    files = _bytes([grow("xyz"), grow("xyz"), grow("uvw")])
    assert len(_merge(files[:2]).get_dump()) == 2
    with pytest.raises(
        ModelError, match="replica 2 does not match the first one: other categories"
    ):
        _merge(files)


def test_vector_leaves_and_one_tree_for_each_class_do_not_mix() -> None:
    strategies = ("multi_output_tree", "one_output_per_tree")
    replicas = [
        _train(SHARES, 0, categorical=False, multi_strategy=strategy, **CART)
        for strategy in strategies
    ]
    with pytest.raises(ModelError, match="size of leaves"):
        _merge(_bytes(replicas))


@pytest.mark.parametrize(
    ("count", "message"), [(3, "2 replicas, .* has 3"), (1, "more than the 1")]
)
def test_another_number_of_replicas_than_was_told_is_refused(count: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        merge(_bytes(_replicas(VALUES, 2, **CART)), count, io.BytesIO())


def test_no_replicas_are_refused() -> None:
    with pytest.raises(ModelError, match="0 replicas"):
        merge([], 0, io.BytesIO())


def test_a_damaged_replica_is_named() -> None:
    whole = _bytes(_replicas(VALUES, 2, **CART))
    with pytest.raises(ModelError, match=r"replica 1: .*cut off"):
        _merge([whole[0], whole[1][:-40]])
    with pytest.raises(ModelError, match=r"replica 1 is no model .*'learner'"):
        _merge([whole[0], ubjson.dumps({"version": [3, 2, 0]})])


PEAK = """
import itertools, sys
from pathlib import Path

import psutil

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

for module in ("xgboost", "pyspark"):
    sys.modules[module] = None  # an import of it fails from here on
from pipeline.bagging.merging import merge

*paths, target = map(Path, sys.argv[1:])
replicas = [path.read_bytes() for path in paths]
before = psutil.Process().memory_info().rss
with target.open("wb") as sink:
    merge(itertools.islice(itertools.cycle(replicas), 400), 400, sink)
print(peak() - before, target.stat().st_size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_merging_holds_neither_the_merged_booster_nor_all_replicas(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = xgb.DMatrix(rng.normal(size=(20_000, 6)), rng.normal(size=20_000))
    paths = [tmp_path / f"{number}.ubj" for number in range(4)]
    for number, path in enumerate(paths):
        rows.set_weight(rng.poisson(1.0, 20_000))
        booster = xgb.train({**CART, "max_depth": 10, "seed": number, "nthread": 1}, rows, 1)
        path.write_bytes(booster.save_raw("ubj"))
    target = tmp_path / "merged.ubj"
    command = [sys.executable, "-c", PEAK, *map(str, paths), str(target)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    grown, size = map(int, out.split())
    assert size > 10 << 20
    assert grown < size / 2
    assert xgb.Booster(model_file=target).num_boosted_rounds() == 400


def _trees(booster: xgb.Booster) -> list[dict[str, Any]]:
    found = ubjson.read(bytes(booster.save_raw("ubj")))
    return list(found["learner"]["gradient_booster"]["model"]["trees"])


def _base_score(booster: xgb.Booster) -> str:
    found = ubjson.read(bytes(booster.save_raw("ubj")))
    return str(found["learner"]["learner_model_param"]["base_score"])
