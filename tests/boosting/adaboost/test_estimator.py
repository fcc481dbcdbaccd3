"""AdaBoost on a gang: identity of results, weights, saved models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.boosting import AdaBoostClassificationModel, AdaBoostClassifier
from pipeline.boosting.adaboost import samme
from pipeline.errors import UserError
from pipeline.estimators.predictor import load_predictor
from tests.estimators.samples import FEATURES, frame, ids_of_one_rank, table


def _fit(rows: DataFrame, **params: Any) -> AdaBoostClassificationModel:
    given = {"featuresCols": FEATURES, "labelCol": "three", "rounds": 6, **params}
    return AdaBoostClassifier(**given).fit(rows)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return table(500)


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def model(rows: DataFrame) -> AdaBoostClassificationModel:
    one = rows.coalesce(1).sortWithinPartitions("id")
    return _fit(one, colsample_bynode=0.7, max_depth=2, validationIndicatorCol="later")


def test_results_do_not_depend_on_partitions_or_order(
    rows: DataFrame, model: AdaBoostClassificationModel
) -> None:
    other = rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(4)
    found = _fit(other, colsample_bynode=0.7, max_depth=2, validationIndicatorCol="later")
    assert found.natives == model.natives
    assert found.alphas == model.alphas
    assert found.history == model.history
    assert found.metrics["workers"] == 2


def test_the_history_has_the_errors_of_the_committee_and_of_each_learner(
    model: AdaBoostClassificationModel, data: pd.DataFrame
) -> None:
    names = {"round", "train.error", "validation.error", "learner.error", "alpha"}
    assert all(set(row) == names for row in model.history)
    is_wrong = np.asarray(model.predictor.predict(data[FEATURES])) != data["three"]
    last = model.history[-1]
    assert last["train.error"] == pytest.approx(is_wrong[~data["later"]].mean())
    assert last["validation.error"] == pytest.approx(is_wrong[data["later"]].mean())
    assert last["validation.error"] < 0.2
    first = model.history[0]
    error = first["learner.error"]
    assert first["alpha"] == pytest.approx(np.log((1 - error) / error) + np.log(2))


def test_a_saved_model_scores_the_same_with_spark_and_without(
    model: AdaBoostClassificationModel, rows: DataFrame, data: pd.DataFrame, tmp_path: Path
) -> None:
    model.save(str(tmp_path / "model"))
    loaded = AdaBoostClassificationModel.load(str(tmp_path / "model"))
    assert loaded.alphas == model.alphas
    scored = loaded.transform(rows).toPandas().sort_values("id")
    alone = load_predictor((tmp_path / "model").as_uri())
    expected = alone.predict_proba(data.sort_values("id")[FEATURES])
    assert np.array_equal([row.toArray() for row in scored["probability"]], expected)
    raw = np.array([row.toArray() for row in scored["rawPrediction"]])
    assert np.allclose(samme.probabilities(raw), expected)
    assert (scored["prediction"] == scored["three"]).mean() > 0.8


def test_the_file_is_a_plain_xgboost_model_with_the_trees_of_all_rounds(
    model: AdaBoostClassificationModel,
) -> None:
    booster = xgb.Booster(model_file=bytearray(model.natives["booster.ubj"]))
    assert booster.num_boosted_rounds() == len(model.alphas) == 6
    assert len(booster.get_dump()) == 18
    assert booster.feature_names == FEATURES
    assert booster.feature_types == ["q", "q", "c", "q"]


def test_importances_are_shares_and_name_the_columns_that_matter(
    model: AdaBoostClassificationModel,
) -> None:
    found = model.featureImportances.toArray()
    assert found.sum() == pytest.approx(1)
    assert FEATURES[int(found.argmax())] == "a"


@pytest.mark.slow
def test_rows_weigh_what_their_column_and_their_class_say(
    rows: DataFrame, data: pd.DataFrame
) -> None:
    """A class that weighs nothing is never predicted."""
    weighted = rows.withColumn("weight", F.when(F.col("three") == 7, 0.0).otherwise(2.0))
    by_column = _fit(weighted, weightCol="weight", rowIdCol="id")
    by_class = _fit(rows, class_weight={"7": 0, "1": 2, "2": 2}, rowIdCol="id")
    assert by_column.natives == by_class.natives
    assert by_column.history == by_class.history
    assert set(by_class.predictor.predict(data[FEATURES])) == {1.0, 2.0}


@pytest.mark.slow
def test_a_first_learner_no_better_than_chance_is_one_clear_error(spark: SparkSession) -> None:
    records = [(place, 0.0, place % 2) for place in range(40)]
    coin = spark.createDataFrame(records, "id long, a double, y int")
    with pytest.raises(UserError, match=r"the first tree gets 0\.5 .* no better than chance"):
        _fit(coin, featuresCols=["a"], labelCol="y", rowIdCol="id")


@pytest.mark.slow
def test_a_worker_without_rows_is_no_hindrance(spark: SparkSession) -> None:
    ids = ids_of_one_rank(spark, 8)
    records = [(i, float(place), place % 4 // 2) for place, i in enumerate(ids)]
    few = spark.createDataFrame(records, "id long, a double, y int")
    model = _fit(few, featuresCols=["a"], labelCol="y", rowIdCol="id", max_depth=2)
    found = model.transform(few).collect()
    assert [row.prediction for row in found] == [row.y for row in found]
