"""Boosting under Spark's own cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.tuning import CrossValidator, CrossValidatorModel, ParamGridBuilder
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from pipeline.boosting import BoostingClassifier
from tests.estimators.samples import FEATURES

pytestmark = pytest.mark.slow


def _tuned(rows: DataFrame, parallelism: int) -> CrossValidatorModel:
    estimator = BoostingClassifier(featuresCols=FEATURES, n_estimators=6, gangQueue=300.0)
    grid = (
        ParamGridBuilder()
        .addGrid(estimator.max_depth, [1, 4])
        .addGrid(estimator.eta, [0.05, 0.5])
        .build()
    )
    return CrossValidator(
        estimator=estimator,
        estimatorParamMaps=grid,
        evaluator=BinaryClassificationEvaluator(),
        numFolds=2,
        parallelism=parallelism,
        seed=1,
    ).fit(rows)


def test_the_best_params_do_not_depend_on_how_many_fits_run_at_once(rows: DataFrame) -> None:
    numbered = rows.withColumn("label", F.col("truth").cast("int"))
    one, two = _tuned(numbered, 1), _tuned(numbered, 2)
    assert one.avgMetrics == pytest.approx(two.avgMetrics, abs=1e-12)
    models: list[Any] = [one.bestModel, two.bestModel]
    params = [model.metadata["params"] for model in models]
    assert params[0] == params[1]
    place = int(np.argmax(one.avgMetrics))
    assert (params[0]["max_depth"], params[0]["eta"]) == [(1, 0.05), (1, 0.5), (4, 0.05), (4, 0.5)][
        place
    ]
    assert models[0].natives == models[1].natives
    assert max(one.avgMetrics) > 0.9
