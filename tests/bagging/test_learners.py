"""Every learner of task placement works as a Spark ML estimator: fit, save, load, Pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import BaggingClassifier, BaggingRegressor
from pipeline.errors import UserError
from pipeline.estimators.predictor import load_predictor
from tests.estimators.samples import FEATURES, frame, probabilities, table

NETWORK = {"hidden": [8], "epochs": 6, "batch_size": 32, "learning_rate": 0.02, "dropout": 0.0}
CLASSIFIERS = {
    "logistic": {"learner": "sklearn.linear_model.LogisticRegression", "learner_params": {"C": 10}},
    "neighbours": {"learner": "sklearn.neighbors.KNeighborsClassifier"},
    "network": {"learner": "network", "learner_params": NETWORK},
    "boosted": {"rounds": 3, "max_depth": 2},
}
REGRESSORS = {
    "trees": {"learner": "sklearn.tree.DecisionTreeRegressor"},
    "network": {"learner": "network", "learner_params": NETWORK},
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    value = 3 * F.coalesce("a", F.lit(0.0)) + F.col("b") + 100
    found = frame(spark, table(300)).withColumn("value", value)
    found = found.withColumn("label", F.col("truth").cast("int")).cache()
    yield found
    found.unpersist()


def _common(**params: Any) -> dict[str, Any]:
    return {"featuresCols": FEATURES, "rowIdCol": "id", "replicas": 3, **params}


_SLOW = ("neighbours", "boosted")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in _SLOW)) for name in CLASSIFIERS],
)
def test_classifiers(name: str, rows: DataFrame, tmp_path: Path) -> None:
    estimator = BaggingClassifier(labelCol="text", **_common(**CLASSIFIERS[name]))
    model = Pipeline(stages=[estimator]).fit(rows)
    bagged: Any = model.stages[0]
    assert bagged.metrics["out_of_bag"]["error"] < 0.25
    found = probabilities(model.transform(rows))
    assert np.allclose(found.sum(axis=1), 1)
    model.write().overwrite().save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    assert (probabilities(loaded.transform(rows)) == found).all()
    again: Any = estimator.fit(rows.repartition(5))
    assert dict(again.natives) == dict(bagged.natives)


@pytest.mark.parametrize("name", list(REGRESSORS))
@pytest.mark.slow
def test_regressors(name: str, rows: DataFrame, tmp_path: Path) -> None:
    model = BaggingRegressor(labelCol="value", **_common(**REGRESSORS[name])).fit(rows)
    scored: Any = model.transform(rows).orderBy("id").toPandas()
    assert np.corrcoef(scored["prediction"], scored["value"])[0, 1] > 0.8
    model.save(str(tmp_path / "model"))
    predictor = load_predictor(str(tmp_path / "model"))
    assert np.allclose(predictor.predict(scored[FEATURES]), scored["prediction"], atol=1e-4)


@pytest.mark.slow
def test_cross_validation_over_a_learners_params(rows: DataFrame) -> None:
    learner = "sklearn.tree.DecisionTreeClassifier"
    estimator = BaggingClassifier(labelCol="label", **_common(learner=learner))
    grid = ParamGridBuilder().addGrid(
        estimator.learner_params, [{"max_depth": 1}, {"max_depth": 6}]
    )
    tuned = CrossValidator(
        estimator=estimator,
        estimatorParamMaps=grid.build(),
        evaluator=BinaryClassificationEvaluator(),
        numFolds=2,
        seed=1,
    ).fit(rows)
    assert tuned.avgMetrics[1] > tuned.avgMetrics[0]


def test_a_class_of_the_users_own_is_loaded_only_where_it_is_allowed(
    rows: DataFrame, tmp_path: Path
) -> None:
    own = "tests.bagging.own_learner.Stump"
    with pytest.raises(UserError, match="learners_allowed"):
        BaggingClassifier(labelCol="text", **_common(learner=own)).fit(rows)
    estimator = BaggingClassifier(labelCol="text", **_common(learner=own, learners_allowed=[own]))
    model = estimator.fit(rows)
    found = probabilities(model.transform(rows))
    model.save(str(tmp_path / "model"))
    with pytest.raises(UserError, match=r"learners_allowed"):
        load_predictor(str(tmp_path / "model"))
    loaded: Any = type(model).load(str(tmp_path / "model"))
    assert loaded.value("learners_allowed") == []
    loaded.setParams(learners_allowed=[own])
    assert (probabilities(loaded.transform(rows)) == found).all()
