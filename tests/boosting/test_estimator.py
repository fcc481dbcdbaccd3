"""Boosted ensembles: identity of results, early stopping, the plain XGBoost file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from sklearn.metrics import log_loss

from pipeline.boosting import BoostingClassificationModel, BoostingClassifier
from pipeline.errors import GangNeverFitsError
from tests.estimators.samples import FEATURES, frame, ids_of_one_rank, table


def _fit(rows: DataFrame, **params: Any) -> BoostingClassificationModel:
    given = {
        "featuresCols": FEATURES,
        "labelCol": "text",
        "rounds": 5,
        "max_depth": 3,
        "subsample": 0.8,
        "colsample_bynode": 0.5,
        **params,
    }
    return BoostingClassifier(**given).fit(rows)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """A fifth of the labels is noise, which boosting learns by heart in a few rounds."""
    data = table(700)
    is_noise = np.random.default_rng(1).random(700) < 0.2
    data["text"] = np.where(is_noise, "no", data["text"])
    return data


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def stopped(rows: DataFrame) -> BoostingClassificationModel:
    return _fit(
        rows,
        validationIndicatorCol="later",
        rounds=100,
        early_stopping_rounds=4,
        eta=1.0,
        max_depth=6,
    )


def _matrix(model: BoostingClassificationModel, data: pd.DataFrame) -> np.ndarray:
    table = pa.Table.from_pandas(data[FEATURES], preserve_index=False)
    return np.asarray(model.features.encode(table))


def test_the_history_has_every_metric_of_every_round(
    stopped: BoostingClassificationModel,
) -> None:
    for place, row in enumerate(stopped.history):
        assert set(row) == {"round", "train.logloss", "validation.logloss"}
        assert row["round"] == place
    assert stopped.metrics["rounds"] == len(stopped.history)
    assert stopped.metrics["workers"] == 2


def test_early_stopping_keeps_the_best_round(
    stopped: BoostingClassificationModel, data: pd.DataFrame
) -> None:
    losses = [row["validation.logloss"] for row in stopped.history]
    best = stopped.metrics["best_iteration"]
    assert best == int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 100
    booster = xgb.Booster(model_file=bytearray(stopped.natives["booster.ubj"]))
    assert booster.num_boosted_rounds() == best + 1
    later = data[data["later"]]
    scores = stopped.predictor.predict_proba(later[FEATURES])
    assert log_loss(later["text"], scores) == pytest.approx(losses[best], abs=1e-5)


def test_the_saved_file_is_a_plain_xgboost_model(
    stopped: BoostingClassificationModel, data: pd.DataFrame, tmp_path: Path
) -> None:
    stopped.save(str(tmp_path / "model"))
    (file,) = (tmp_path / "model").glob("v0*/booster.ubj")
    booster = xgb.Booster(model_file=str(file))
    assert booster.feature_names == FEATURES
    assert booster.feature_types == ["q", "q", "c", "q"]
    matrix = _matrix(stopped, data)
    there = xgb.DMatrix(
        matrix,
        feature_names=booster.feature_names,
        feature_types=booster.feature_types,
        enable_categorical=True,
    )
    expected = stopped.predictor.predict_proba(data[FEATURES])[:, 1]
    assert np.allclose(booster.predict(there), expected, atol=1e-6)


@pytest.fixture(scope="module")
def plain(rows: DataFrame) -> BoostingClassificationModel:
    return _fit(rows.coalesce(1).sortWithinPartitions("id"))


@pytest.mark.parametrize("partitions", [4, 16])
def test_results_do_not_depend_on_partitions_or_order(
    rows: DataFrame, plain: BoostingClassificationModel, partitions: int
) -> None:
    other = rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(partitions)
    found = _fit(other)
    assert found.natives == plain.natives
    assert found.history == plain.history
    assert found.metadata["data_fingerprint"] == plain.metadata["data_fingerprint"]


def test_the_users_choice_of_objective_metric_and_seed_counts(
    rows: DataFrame, plain: BoostingClassificationModel
) -> None:
    other = _fit(
        rows,
        seed=1,
        objective="binary:logitraw",
        eval_metric="auc",
        validationIndicatorCol="later",
        early_stopping_rounds=2,
    )
    assert other.natives != plain.natives
    assert set(other.history[0]) == {"round", "train.auc", "validation.auc"}
    areas = [row["validation.auc"] for row in other.history]
    assert other.metrics["best_iteration"] == int(np.argmax(areas))
    booster = xgb.Booster(model_file=bytearray(other.natives["booster.ubj"]))
    assert json.loads(booster.save_config())["learner"]["objective"]["name"] == "binary:logitraw"


def test_a_gang_larger_than_the_application_is_refused_before_anything_is_written(
    rows: DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(GangNeverFitsError, match=r"gang of 3 workers .* Set gang.workers \(numW"):
        _fit(rows, numWorkers=3, scratchDir=str(tmp_path / "scratch"))
    assert not (tmp_path / "scratch").exists()


def test_a_worker_without_rows_is_no_hindrance(spark: SparkSession) -> None:
    records = [(i, float(place), place % 2) for place, i in enumerate(ids_of_one_rank(spark, 3))]
    few = spark.createDataFrame(records, "id long, a double, y int")
    model = _fit(
        few,
        featuresCols=["a"],
        labelCol="y",
        rowIdCol="id",
        min_child_weight=0.0,
        eta=1.0,
        subsample=1.0,
    )
    assert model.metrics["workers"] == 2
    found = model.transform(few).collect()
    assert [row.prediction for row in found] == [row.y for row in found]
