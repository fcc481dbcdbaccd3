"""Prediction without Spark, with a booster that XGBoost itself has trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb

from pipeline.errors import DataError, ModelError
from pipeline.estimators.predictor import Predictor, load_predictor, make_predictor
from pipeline.store import model_directory

METADATA = {
    "kind": "boosting",
    "features": {
        "features": [
            {"name": "a", "kind": "numeric", "categories": []},
            {"name": "c", "kind": "categorical", "categories": ["blue", "red"]},
            {"name": "flag", "kind": "boolean", "categories": []},
        ],
        "vector": None,
        "size": 0,
        "is_sparse": False,
    },
    "label": {"name": "y", "classes": ["no", "yes"]},
}
ROWS = [
    {"a": 3.0, "c": "red", "flag": True},
    {"a": -3.0, "c": "blue", "flag": False},
    {"a": None, "c": "green", "flag": None},
]


@pytest.fixture(scope="module")
def natives() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    matrix = np.column_stack(
        [rng.normal(size=200), rng.integers(0, 2, 200), rng.integers(0, 2, 200)]
    ).astype(np.float32)
    kinds = ["q", "c", "q"]
    data = xgb.DMatrix(matrix, matrix[:, 0] > 0, feature_types=kinds, enable_categorical=True)
    booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, data, num_boost_round=5)
    return {"booster.ubj": bytes(booster.save_raw("ubj"))}


@pytest.fixture(scope="module")
def predictor(natives: dict[str, bytes]) -> Predictor:
    return make_predictor(METADATA, natives)


def test_one_record_and_many(predictor: Predictor) -> None:
    assert predictor.classes == ("no", "yes")
    many = predictor.predict_proba(ROWS)
    assert many.shape == (3, 2)
    assert np.allclose(many.sum(axis=1), 1)
    assert predictor.predict(ROWS)[:2] == ["yes", "no"]
    assert (predictor.predict_proba(ROWS[0]) == many[:1]).all()
    assert (predictor.predict_proba(ROWS[2]) == many[2:]).all()  # a record of nulls only


def test_frames_and_tables(predictor: Predictor) -> None:
    expected = predictor.predict_proba(ROWS)
    for records in (
        pd.DataFrame(ROWS),
        pa.Table.from_pylist(ROWS),
        pa.RecordBatch.from_pylist(ROWS),
    ):
        assert (predictor.predict_proba(records) == expected).all()
    assert predictor.predict_proba([]).shape == (0, 2)
    assert predictor.predict([]) == []


def test_further_columns_and_their_order_do_not_matter(predictor: Predictor) -> None:
    other = [{"more": 1, "flag": r["flag"], "c": r["c"], "a": r["a"]} for r in ROWS]
    assert (predictor.predict_proba(other) == predictor.predict_proba(ROWS)).all()


def test_missing_columns_are_named(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="record 1: missing c, flag"):
        predictor.predict([ROWS[0], {"a": 1.0}])
    with pytest.raises(DataError, match="columns missing from the table: c"):
        predictor.predict(pd.DataFrame(ROWS).drop(columns="c"))


def test_numbers_are_the_labels_own(natives: dict[str, bytes]) -> None:
    numbered: Any = {**METADATA, "label": {"name": "y", "classes": [2.0, 7.0]}}
    assert make_predictor(numbered, natives).predict(ROWS)[:2] == [7.0, 2.0]


def test_a_saved_model_is_loaded(natives: dict[str, bytes], tmp_path: Path) -> None:
    uri = str(tmp_path / "model")
    model_directory.publish(uri, natives, METADATA)
    assert load_predictor(uri, threads=2).predict(ROWS[0]) == ["yes"]
    with pytest.raises(ModelError, match="no model there"):
        load_predictor(str(tmp_path))


def test_models_of_an_unknown_kind_are_refused(natives: dict[str, bytes]) -> None:
    with pytest.raises(ModelError, match="of kind magic; this version knows adaboost, bagging"):
        make_predictor({**METADATA, "kind": "magic"}, natives)
