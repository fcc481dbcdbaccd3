"""Which Spark ML estimators may be learners; no Spark is needed to say so."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pyspark.ml.classification import LinearSVC, LinearSVCModel
from pyspark.ml.regression import GBTRegressionModel, GBTRegressor

from pipeline.bagging.spark_learners.allowed import (
    KNOWN,
    load_class,
    model_class,
    require_classes,
    require_learner,
    saved_names,
)
from pipeline.boosting import BoostingClassificationModel, BoostingClassifier
from pipeline.errors import UserError

LOGISTIC = "pyspark.ml.classification.LogisticRegression"


def _require(path: str, is_regression: bool = False, **params: Any) -> type[Any]:
    return require_learner(path, params, is_regression=is_regression, allowed=())


@pytest.mark.parametrize("path", KNOWN)
def test_known_learners_can_be_had_for_one_kind_of_label(path: str) -> None:
    is_regression = "regression" in path
    assert _require(path, is_regression).__name__ == path.rpartition(".")[2]
    with pytest.raises(UserError, match=r"it is a (classifier|regressor), and Bagging"):
        _require(path, not is_regression)


def test_nothing_is_imported_for_a_name_that_is_not_known() -> None:
    sys.modules.pop("pyspark.ml.fpm", None)
    with pytest.raises(UserError, match=r"there is no learner pyspark\.ml\.fpm\.FPGrowth"):
        load_class("pyspark.ml.fpm.FPGrowth", ())
    assert "pyspark.ml.fpm" not in sys.modules


def test_a_wrong_name_gets_the_nearest_right_one() -> None:
    with pytest.raises(UserError, match=f"did you mean {LOGISTIC}"):
        load_class("pyspark.ml.LogisticRegresion", ())


def test_a_class_of_ones_own_choice_must_have_a_weight_column() -> None:
    path = "pyspark.ml.classification.MultilayerPerceptronClassifier"
    with pytest.raises(UserError, match="it has no weightCol"):
        load_class(path, (path,))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"maxItr": 3}, "unknown param maxItr; did you mean maxIter"),
        ({"labelCol": "x"}, "leave out labelCol; it comes from the columns of the ensemble"),
        ({"maxIter": "many"}, "maxIter: "),
    ],
)
def test_wrong_params_are_named(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=f"learner LogisticRegression: {sentence}"):
        _require(LOGISTIC, **params)


def test_values_of_our_own_estimators_are_checked() -> None:
    with pytest.raises(UserError, match="rounds must be"):
        _require("pipeline.boosting.BoostingClassifier", rounds=0)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Classifier", "it has probabilityCol or rawPredictionCol, which makes it a classifier"),
        ("Regressor", "it has neither probabilityCol nor rawPredictionCol, which makes it a reg"),
    ],
)
def test_an_allowed_class_is_what_its_columns_say(kind: str, sentence: str) -> None:
    path = f"xgboost.spark.SparkXGB{kind}"
    is_regression = kind == "Regressor"
    given: dict[str, Any] = {"max_depth": 3}
    found = require_learner(path, given, is_regression=is_regression, allowed=(path,))
    assert model_class(found).__name__ == f"SparkXGB{kind}Model"
    with pytest.raises(UserError, match=f"learner SparkXGB{kind}: {sentence}"):
        require_learner(path, given, is_regression=not is_regression, allowed=(path,))


def test_a_class_of_ones_own_choice_must_have_a_label() -> None:
    path = "pyspark.ml.clustering.KMeans"
    with pytest.raises(UserError, match="it has no labelCol"):
        load_class(path, (path,))


def test_models_are_of_the_estimators_own_kind() -> None:
    assert model_class(LinearSVC) is LinearSVCModel
    assert model_class(GBTRegressor) is GBTRegressionModel
    assert model_class(BoostingClassifier) is BoostingClassificationModel


def test_saved_models_are_named_as_python_or_the_jvm_names_them() -> None:
    jvm = "org.apache.spark.ml.classification.LinearSVCModel"
    assert saved_names(LinearSVCModel) == {"pyspark.ml.classification.LinearSVCModel", jvm}
    own = "pipeline.boosting.model.BoostingClassificationModel"
    assert saved_names(BoostingClassificationModel) == {own}


def test_a_learner_of_two_classes_is_refused_for_three() -> None:
    require_classes("pyspark.ml.classification.LinearSVC", 2)
    with pytest.raises(UserError, match="it tells two classes apart, and the label has 3"):
        require_classes("pyspark.ml.classification.LinearSVC", 3)
