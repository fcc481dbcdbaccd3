"""XGBoost's own examples for PySpark, with other imports and class names and nothing else changed.

From the tutorial (doc/tutorials/spark_estimator.rst), the demo
(demo/guide-python/spark_estimator_examples.py) and the docstrings of xgboost.spark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from pyspark.ml.evaluation import MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, rand
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import train_test_split
from xgboost.spark import SparkXGBRegressor

from pipeline.boosting import (
    BoostingClassifier,
    BoostingRanker,
    BoostingRegressionModel,
    BoostingRegressor,
)

slow = pytest.mark.slow
COLUMNS = [f"f{place}" for place in range(10)]


def create_spark_df(spark: SparkSession, x: np.ndarray, y: np.ndarray) -> DataFrame:
    return spark.createDataFrame(
        spark.sparkContext.parallelize(
            [(Vectors.dense(row), float(label)) for row, label in zip(x, y, strict=True)]
        ),
        ["features", "label"],
    )


def _split(spark: SparkSession, loaded: Any) -> tuple[DataFrame, DataFrame]:
    x_train, x_test, y_train, y_test = train_test_split(
        *loaded(return_X_y=True), test_size=0.3, shuffle=True, random_state=0
    )
    return create_spark_df(spark, x_train, y_train), create_spark_df(spark, x_test, y_test)


@pytest.fixture(scope="module")
def diabetes(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    return _split(spark, load_diabetes)


@pytest.fixture(scope="module")
def iris(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    return _split(spark, load_iris)


@pytest.fixture(scope="module")
def model(diabetes: tuple[DataFrame, DataFrame]) -> BoostingRegressionModel:
    xgb_regressor = BoostingRegressor(
        features_col="features",
        label_col="label",
        num_workers=2,
    )
    return xgb_regressor.fit(diabetes[0])


def _rmse_of_the_mean(test: DataFrame) -> float:
    labels = np.array([row.label for row in test.select("label").collect()])
    return float(labels.std())


def test_a_vector_column(
    model: BoostingRegressionModel, diabetes: tuple[DataFrame, DataFrame]
) -> None:
    transformed = model.transform(diabetes[1])
    assert transformed.columns == ["features", "label", "prediction"]
    found = RegressionEvaluator(metricName="rmse").evaluate(transformed)
    assert found < 0.95 * _rmse_of_the_mean(diabetes[1])


def test_a_model_is_saved_and_loaded_also_in_plain_xgboost(
    model: BoostingRegressionModel, diabetes: tuple[DataFrame, DataFrame], tmp_path: Path
) -> None:
    model.save(str(tmp_path / "xgboost-pyspark-model"))
    model2 = BoostingRegressionModel.load(str(tmp_path / "xgboost-pyspark-model"))
    expected = [row.prediction for row in model.transform(diabetes[1]).collect()]
    assert [row.prediction for row in model2.transform(diabetes[1]).collect()] == expected
    (file,) = (tmp_path / "xgboost-pyspark-model").glob("v0*/booster.ubj")
    bst = xgb.Booster()
    bst.load_model(file)
    rows = np.array([row.features.toArray() for row in diabetes[1].collect()])
    assert np.allclose(bst.inplace_predict(rows), expected, atol=1e-6)


@slow
def test_a_list_of_feature_columns(
    model: BoostingRegressionModel, diabetes: tuple[DataFrame, DataFrame]
) -> None:
    train, test = (
        each.withColumn("array", vector_to_array("features")).select(
            *(col("array")[place].alias(name) for place, name in enumerate(COLUMNS)), "label"
        )
        for each in diabetes
    )
    xgb_regressor = BoostingRegressor(
        features_col=COLUMNS,
        label_col="label",
        num_workers=2,
    )
    transformed = xgb_regressor.fit(train).transform(test)
    assert transformed.columns == [*COLUMNS, "label", "prediction"]
    found = RegressionEvaluator(metricName="rmse").evaluate(transformed)
    assert found < 0.95 * _rmse_of_the_mean(test)


@slow
def test_diabetes(diabetes: tuple[DataFrame, DataFrame]) -> None:
    xgb_regressor = BoostingRegressor(max_depth=5)
    transformed = xgb_regressor.fit(diabetes[0]).transform(diabetes[1])
    found = RegressionEvaluator(metricName="rmse").evaluate(transformed)
    assert found < 0.95 * _rmse_of_the_mean(diabetes[1])


@slow
def test_diabetes_with_validation_rows(diabetes: tuple[DataFrame, DataFrame]) -> None:
    train = diabetes[0].withColumn("validationIndicatorCol", rand(1) > 0.7)
    xgb_regressor = BoostingRegressor(
        max_depth=5, validation_indicator_col="validationIndicatorCol"
    )
    xgb_regressor_model = xgb_regressor.fit(train)
    assert set(xgb_regressor_model.history[0]) == {"round", "train.rmse", "validation.rmse"}
    transformed = xgb_regressor_model.transform(diabetes[1])
    found = RegressionEvaluator(metricName="rmse").evaluate(transformed)
    assert found < 0.97 * _rmse_of_the_mean(diabetes[1])


@slow
def test_iris(iris: tuple[DataFrame, DataFrame]) -> None:
    xgb_classifier = BoostingClassifier(max_depth=5)
    transformed = xgb_classifier.fit(iris[0]).transform(iris[1])
    assert MulticlassClassificationEvaluator(metricName="f1").evaluate(transformed) > 0.9


@slow
def test_iris_with_validation_rows(iris: tuple[DataFrame, DataFrame]) -> None:
    train = iris[0].withColumn("validationIndicatorCol", rand(1) > 0.7)
    xgb_classifier = BoostingClassifier(
        max_depth=5, validation_indicator_col="validationIndicatorCol"
    )
    xgb_classifier_model = xgb_classifier.fit(train)
    assert set(xgb_classifier_model.history[0]) == {
        "round",
        "train.mlogloss",
        "validation.mlogloss",
    }
    transformed = xgb_classifier_model.transform(iris[1])
    assert transformed.columns == [
        "features",
        "label",
        "rawPrediction",
        "probability",
        "prediction",
    ]
    assert MulticlassClassificationEvaluator(metricName="f1").evaluate(transformed) > 0.9


def _docstring_rows(spark: SparkSession, labels: list[int]) -> DataFrame:
    features = [
        Vectors.dense(1.0, 2.0, 3.0),
        Vectors.sparse(3, {1: 1.0, 2: 5.5}),
        Vectors.dense(4.0, 5.0, 6.0),
        Vectors.sparse(3, {1: 6.0, 2: 7.5}),
    ]
    others = zip(features, labels, [False, False, True, True], [1.0, 2.0, 1.0, 2.0], strict=True)
    return spark.createDataFrame(list(others), ["features", "label", "isVal", "weight"])


@pytest.fixture(scope="module")
def df_test(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [
            (Vectors.dense(1.0, 2.0, 3.0),),
            (Vectors.sparse(3, {1: 1.0, 2: 5.5}),),
        ],
        ["features"],
    )


@slow
def test_the_docstring_of_the_regressor(spark: SparkSession, df_test: DataFrame) -> None:
    df_train = _docstring_rows(spark, [0, 1, 2, 3])
    xgb_regressor = BoostingRegressor(
        max_depth=5,
        missing=0.0,
        validation_indicator_col="isVal",
        weight_col="weight",
        early_stopping_rounds=1,
        eval_metric="rmse",
    )
    xgb_reg_model = xgb_regressor.fit(df_train)
    assert xgb_reg_model.metadata["rows"] == {"train": 2, "validation": 2}
    assert xgb_reg_model.bestIteration <= len(xgb_reg_model.history) - 1
    found = [row.prediction for row in xgb_reg_model.transform(df_test).collect()]
    assert len(found) == 2
    assert 0 <= found[0] < found[1] <= 1


def test_the_docstring_of_the_classifier(spark: SparkSession, df_test: DataFrame) -> None:
    df_train = _docstring_rows(spark, [0, 1, 0, 1])
    xgb_classifier = BoostingClassifier(
        max_depth=5,
        missing=0.0,
        validation_indicator_col="isVal",
        weight_col="weight",
        early_stopping_rounds=1,
        eval_metric="logloss",
    )
    xgb_clf_model = xgb_classifier.fit(df_train)
    found = xgb_clf_model.transform(df_test).collect()
    # Too few rows for a split: all of them have the share of the second class.
    assert [row.probability[1] for row in found] == pytest.approx([2 / 3, 2 / 3], abs=1e-3)
    assert [row.prediction for row in found] == [1.0, 1.0]


@slow
def test_the_docstring_of_the_ranker(spark: SparkSession) -> None:
    ranker = BoostingRanker(qid_col="qid")
    df_train = spark.createDataFrame(
        [
            (Vectors.dense(1.0, 2.0, 3.0), 0, 0),
            (Vectors.dense(4.0, 5.0, 6.0), 1, 0),
            (Vectors.dense(9.0, 4.0, 8.0), 2, 0),
            (Vectors.sparse(3, {1: 1.0, 2: 5.5}), 0, 1),
            (Vectors.sparse(3, {1: 6.0, 2: 7.5}), 1, 1),
            (Vectors.sparse(3, {1: 8.0, 2: 9.5}), 2, 1),
        ],
        ["features", "label", "qid"],
    )
    df_test = spark.createDataFrame(
        [
            (Vectors.dense(1.5, 2.0, 3.0), 0),
            (Vectors.dense(4.5, 5.0, 6.0), 0),
            (Vectors.dense(9.0, 4.5, 8.0), 0),
            (Vectors.sparse(3, {1: 1.0, 2: 6.0}), 1),
            (Vectors.sparse(3, {1: 6.0, 2: 7.0}), 1),
            (Vectors.sparse(3, {1: 8.0, 2: 10.5}), 1),
        ],
        ["features", "qid"],
    )
    model = ranker.fit(df_train)
    found = [row.prediction for row in model.transform(df_test).collect()]
    # Too few rows for a split, also for xgboost.XGBRanker: all of them have one score, near 0.
    assert len(found) == 6
    assert np.ptp(found) == 0
    assert found[0] == pytest.approx(0, abs=1e-3)


@slow
def test_predictions_are_those_of_xgboost_spark(diabetes: tuple[DataFrame, DataFrame]) -> None:
    """The same call of both; only sums are made in another order."""
    call: dict[str, Any] = {
        **{"features_col": "features", "label_col": "label", "num_workers": 1, "max_depth": 5},
        **{"n_estimators": 20, "learning_rate": 0.3, "max_bin": 512, "reg_lambda": 2.0},
    }
    theirs = SparkXGBRegressor(**call).fit(diabetes[0]).transform(diabetes[1]).collect()
    ours = BoostingRegressor(**call).fit(diabetes[0]).transform(diabetes[1]).collect()
    expected = np.array([row.prediction for row in theirs])
    assert np.allclose([row.prediction for row in ours], expected, rtol=1e-3)
