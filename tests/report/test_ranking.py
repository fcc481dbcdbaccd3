"""Exact areas under ROC curves, also when the scores lie in many ranges."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import roc_auc_score

from pipeline.report.ranking import areas_under_roc


def test_ranges_of_scores_are_joined(spark: SparkSession, request: pytest.FixtureRequest) -> None:
    # Spark would put so few rows into one range; production has many.
    name = "spark.sql.adaptive.coalescePartitions.enabled"
    before = spark.conf.get(name)
    spark.conf.set(name, "false")
    request.addfinalizer(lambda: spark.conf.set(name, str(before)))
    rng = np.random.default_rng(3)
    expected, rows = {}, []
    for split, steps in (("a", 7), ("b", 100_000)):
        labels = rng.random(400) < 0.3
        scores = np.round(rng.normal(size=400) + labels, 5).clip(-3, 3)
        scores = np.round(scores * steps) / steps
        expected[split, 1] = roc_auc_score(labels, scores)
        rows += [
            (split, 1, score, label)
            for score, label in zip(scores.tolist(), labels.tolist(), strict=True)
        ]
    frame = spark.createDataFrame(rows, "split string, class int, score double, positive boolean")
    assert areas_under_roc(frame) == pytest.approx(expected, abs=1e-12)
