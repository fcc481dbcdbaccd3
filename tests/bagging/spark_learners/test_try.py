import logging, sys, time, tempfile

logging.basicConfig(level=logging.WARNING)
from pathlib import Path
from tests.estimators.samples import FEATURES, frame, table
from pipeline.local.cluster import up, down, environment
import os


def test_try(spark):
    from pipeline.bagging import BaggingClassifier, BaggingRegressor, BaggingClassificationModel

    rows = frame(spark, table(600)).cache()
    rows.count()
    t = time.time()
    m = BaggingClassifier(
        learner="pyspark.ml.classification.LogisticRegression",
        learner_params={"maxIter": 10},
        featuresCols=FEATURES,
        labelCol="text",
        rowIdCol="id",
        replicas=4,
        out_of_bag="rows",
        spread_col="sd",
        quantiles_col="q",
    ).fit(rows)
    print(time.time() - t, m.metrics, m.history, m.placement)
    t = time.time()
    m.transform(rows).show(5, truncate=60)
    print(time.time() - t)
    print(list(m.natives)[:30], len(m.natives))
    m.outOfBag().show(5)
    t = time.time()
    r = BaggingRegressor(
        learner="pyspark.ml.regression.DecisionTreeRegressor",
        featuresCols=["b", "c", "flag"],
        labelCol="three",
        keyCols=["id"],
        replicas=3,
        max_features=0.7,
        early_stopping=2,
    ).fit(rows)
    print(time.time() - t, r.metrics, r.history)
    r.transform(rows).select("three", "prediction").show(5)
    t = time.time()
    b = BaggingClassifier(
        learner="pipeline.boosting.BoostingClassifier",
        learner_params={"rounds": 3, "max_depth": 3},
        featuresCols=FEATURES,
        labelCol="three",
        rowIdCol="id",
        replicas=2,
        group_col="b",
    ).fit(rows)
    print(time.time() - t, b.metrics, b.history)
    b.transform(rows).show(5, truncate=60)
