"""Scoring with a booster, without Spark, against plain XGBoost on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb

from pipeline.boosting.predictor import BoostingPredictor
from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema
from pipeline.errors import DataError

NAMES = ["a", "b", "c"]
SCHEMA = FeatureSchema(tuple(Feature(name, "numeric") for name in NAMES))
ROWS = 300
NUMBER = LabelSchema("y", (), (0.0, 1.0))
TWO = LabelSchema("y", ("no", "yes"))
THREE = LabelSchema("y", (1.0, 2.0, 7.0))


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
    found[::9, 1] = np.nan
    return found


def _booster(features: np.ndarray, params: dict[str, Any]) -> xgb.Booster:
    known = np.nan_to_num(features)
    numbers = known[:, 0] - 2 * known[:, 1] * known[:, 2]
    objective = str(params["objective"])
    labels = numbers
    if objective.startswith("binary:"):
        labels = numbers > 0
    elif objective.startswith("multi:"):
        labels = np.digitize(numbers, [-0.5, 0.5])
    matrix = xgb.DMatrix(features, labels, feature_names=NAMES)
    return xgb.train({"max_depth": 3, "eta": 0.5, "nthread": 1, **params}, matrix, 6)


def _predictor(
    booster: xgb.Booster, label: LabelSchema, margin: str = "", **facts: Any
) -> BoostingPredictor:
    metadata = {
        "kind": "boosting",
        "features": SCHEMA.to_json(),
        "label": label.to_json(),
        "boosting": {"outputs": 1, "missing": None, "quantiles": [], **facts},
        "columns": {"baseMarginCol": margin or None},
    }
    return BoostingPredictor(metadata, {"booster.ubj": bytes(booster.save_raw("ubj"))})


def _table(features: np.ndarray, **more: Any) -> pa.Table:
    columns = {name: features[:, place] for place, name in enumerate(NAMES)}
    return pa.table({**columns, **more})


def test_probabilities_and_margins_of_two_classes(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "binary:logistic"})
    predictor = _predictor(booster, TWO)
    raw, probability = predictor.scores(features)
    matrix = xgb.DMatrix(features, feature_names=NAMES)
    assert np.allclose(probability[:, 1], booster.predict(matrix), atol=1e-6)
    assert np.allclose(raw[:, 1], booster.predict(matrix, output_margin=True), atol=1e-6)
    assert np.allclose(raw[:, 0], -raw[:, 1])
    assert np.allclose(probability.sum(axis=1), 1)
    assert set(predictor.predict(_table(features))) == {"no", "yes"}


def test_an_objective_without_probabilities_is_turned_into_some(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "binary:hinge"})
    predictor = _predictor(booster, TWO, objective="binary:hinge")
    probability = predictor.predict_proba(_table(features))
    matrix = xgb.DMatrix(features, feature_names=NAMES)
    assert (probability[:, 1] == booster.predict(matrix)).all()
    assert set(np.unique(probability)) == {0.0, 1.0}
    raw = _booster(features, {"objective": "binary:logitraw"})
    share = _predictor(raw, TWO).predict_proba(_table(features))[:, 1]
    assert np.allclose(share, 1 / (1 + np.exp(-raw.predict(matrix))), atol=1e-6)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_several_classes_have_probabilities_whichever_objective(
    objective: str, features: np.ndarray
) -> None:
    booster = _booster(features, {"objective": objective, "num_class": 3})
    predictor = _predictor(booster, THREE, outputs=3)
    probability = predictor.predict_proba(_table(features))
    margins = booster.predict(xgb.DMatrix(features, feature_names=NAMES), output_margin=True)
    powers = np.exp(margins)
    assert np.allclose(probability, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert set(predictor.predict(_table(features))) == {1.0, 2.0, 7.0}


def test_of_several_quantiles_the_one_nearest_to_the_median_is_the_prediction(
    features: np.ndarray,
) -> None:
    alpha = [0.1, 0.6, 0.9]
    booster = _booster(features, {"objective": "reg:quantileerror", "quantile_alpha": alpha})
    predictor = _predictor(booster, NUMBER, quantiles=alpha, outputs=3)
    expected = booster.predict(xgb.DMatrix(features, feature_names=NAMES))
    assert np.allclose(predictor.quantiles(features), expected, atol=1e-6)
    assert np.allclose(predictor.values(features), expected[:, 1], atol=1e-6)


def test_a_row_starts_from_its_margin(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "binary:logistic"})
    margins = np.linspace(-2, 2, ROWS).astype(np.float32)
    predictor = _predictor(booster, TWO, margin="start")
    assert predictor.columns == (*NAMES, "start")
    found = predictor.predict_proba(_table(features, start=margins))
    matrix = xgb.DMatrix(features, base_margin=margins, feature_names=NAMES)
    assert np.allclose(found[:, 1], booster.predict(matrix), atol=1e-6)
    with pytest.raises(DataError, match="baseMarginCol: start is null in 300 rows"):
        predictor.predict_proba(_table(features, start=pa.nulls(ROWS, pa.float32())))


def test_a_row_starts_from_a_margin_for_each_class(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "multi:softprob", "num_class": 3})
    margins = np.random.default_rng(1).normal(size=(ROWS, 3)).astype(np.float32)
    predictor = _predictor(booster, THREE, margin="start", outputs=3)
    found = predictor.predict_proba(_table(features, start=list(margins)))
    matrix = xgb.DMatrix(features, base_margin=margins, feature_names=NAMES)
    assert np.allclose(found, booster.predict(matrix), atol=1e-6)
    with pytest.raises(DataError, match="one number a row, and this model needs 3: one for each"):
        predictor.predict_proba(_table(features, start=margins[:, 0]))


def test_a_number_means_missing_as_it_did_in_training(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "reg:squarederror"})
    marked = np.where(np.isnan(features), np.float32(-9), features)
    expected = _predictor(booster, NUMBER).values(features)
    assert (_predictor(booster, NUMBER, missing=-9.0).values(marked) == expected).all()
    assert (_predictor(booster, NUMBER).values(marked) != expected).any()
    contributions = _predictor(booster, NUMBER, missing=-9.0).contributions(marked)
    assert (contributions == _predictor(booster, NUMBER).contributions(features)).all()


@pytest.mark.parametrize(
    ("params", "label", "outputs"),
    [
        ({"objective": "reg:squarederror"}, NUMBER, 1),
        ({"objective": "binary:logistic", "num_parallel_tree": 2}, TWO, 1),
        ({"objective": "multi:softprob", "num_class": 3}, THREE, 3),
    ],
)
def test_leaves_and_contributions_are_xgboosts(
    params: dict[str, Any], label: LabelSchema, outputs: int, features: np.ndarray
) -> None:
    booster = _booster(features, params)
    predictor = _predictor(booster, label, outputs=outputs)
    matrix = xgb.DMatrix(features, feature_names=NAMES)
    trees = 6 * outputs * params.get("num_parallel_tree", 1)
    leaves = predictor.leaves(features)
    assert leaves.shape == (ROWS, trees)
    assert (leaves == booster.predict(matrix, pred_leaf=True).reshape(ROWS, -1)).all()
    found = predictor.contributions(features)
    assert found.shape == (ROWS, outputs * (len(NAMES) + 1))
    assert (found == booster.predict(matrix, pred_contribs=True).reshape(ROWS, -1)).all()
    margins = booster.predict(matrix, output_margin=True).reshape(ROWS, outputs)
    sums = found.reshape(ROWS, outputs, len(NAMES) + 1).sum(axis=2)
    assert np.allclose(sums, margins, atol=1e-4)


def test_contributions_say_what_comes_on_top_of_a_rows_margin(features: np.ndarray) -> None:
    booster = _booster(features, {"objective": "reg:squarederror"})
    start = np.linspace(-2, 2, ROWS).astype(np.float32)[:, None]
    predictor = _predictor(booster, NUMBER, margin="start")
    found = predictor.contributions(features, start)
    assert np.allclose(found.sum(axis=1), predictor.values(features, start), atol=1e-4)


def test_no_rows_are_scored_as_well(features: np.ndarray) -> None:
    none = features[:0]
    booster = _booster(features, {"objective": "reg:squarederror"})
    predictor = _predictor(booster, NUMBER, quantiles=[0.5])
    assert predictor.values(none).shape == (0,)
    for found in (
        predictor.quantiles(none),
        predictor.leaves(none),
        predictor.contributions(none),
    ):
        assert found.shape[0] == 0
