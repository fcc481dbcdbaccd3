"""What replicas of this project's own kind say, all in one Python process."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from pipeline.bagging.resampling import Sampling, columns_of
from pipeline.bagging.spark_learners.features import Inputs
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.names import FEATURES, SCORES, sliced
from pipeline.bagging.spark_learners.scorers import Together, scorer_of
from pipeline.boosting import BoostingClassificationModel, BoostingClassifier
from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema

ROWS = 60
MATRIX = np.random.default_rng(1).normal(size=(ROWS, 3)).astype(np.float32)
SAMPLING = Sampling("poisson", max_features=0.7)


def _model(schema: FeatureSchema, matrix: np.ndarray, known: list[int]) -> Any:
    """A booster for the classes at these places, of the three there are."""
    label = np.digitize(matrix[:, 0], [-0.5, 0.5])
    label = np.searchsorted(known, label).clip(0, len(known) - 1)
    objective = {"objective": "multi:softprob", "num_class": len(known)}
    booster = xgb.train({**objective, "max_depth": 2}, xgb.DMatrix(matrix, label), 2)
    metadata = {
        "kind": "boosting",
        "features": schema.to_json(),
        "label": LabelSchema("y", tuple(map(float, known))).to_json(),
    }
    return BoostingClassificationModel(metadata, {"booster.ubj": bytes(booster.save_raw("ubj"))})


def _members(schema: FeatureSchema) -> Members:
    return Members(BoostingClassifier, {}, Inputs(schema, True), SAMPLING, 5, 3)


def _said(frame: DataFrame) -> np.ndarray:
    found = frame.select("id", SCORES).toPandas().sort_values("id")
    return np.array(found[SCORES].tolist())


def _processes(frame: DataFrame) -> int:
    """How many Python processes a task needs for a frame."""
    text = io.StringIO()
    with redirect_stdout(text):
        frame.explain()
    return text.getvalue().count("MapInArrow")


@pytest.mark.parametrize("kind", ["columns", "dense", "sparse"])
def test_replicas_score_together_what_each_says_alone(spark: SparkSession, kind: str) -> None:
    is_sparse = kind == "sparse"
    if kind == "columns":
        schema = FeatureSchema(tuple(Feature(name, "numeric") for name in ("a.x", "b", "c`y")))
        plain = [(place, *map(float, row)) for place, row in enumerate(MATRIX)]
        frame = spark.createDataFrame(plain, ["id", *schema.columns])
    else:
        schema = FeatureSchema(vector="v", size=3, is_sparse=is_sparse)
        vectors = [(place, Vectors.dense(row)) for place, row in enumerate(MATRIX)]
        frame = spark.createDataFrame(vectors, ["id", FEATURES])
    members = _members(schema)
    models, wanted = [], []
    for replica, known in enumerate([[0, 1, 2], [0, 1, 2], [1, 2]]):
        columns = columns_of(SAMPLING, 5, replica, 3)
        assert columns is not None
        if kind == "columns":
            own = FeatureSchema(tuple(schema.features[place] for place in columns))
        else:
            own = FeatureSchema(vector=sliced(replica), size=len(columns), is_sparse=is_sparse)
        matrix = MATRIX[:, columns]
        model = _model(own, matrix, known)
        shares = np.zeros((ROWS, 3))
        shares[:, known] = model.predictor.scores(matrix)[1]
        models.append((replica, model))
        wanted.append(shares)
    scorer = scorer_of(members, models)
    assert isinstance(scorer, Together)
    scored = scorer.scored(frame)
    assert scored.columns == ["id", SCORES]
    assert np.allclose(_said(scored), np.concatenate(wanted, axis=1), atol=1e-6)
    assert _processes(scored) == 1
    scorer.close()
    assert np.allclose(_said(scorer.scored(frame)), np.concatenate(wanted, axis=1), atol=1e-6)
    scorer.close()
