"""Deep networks: early stopping, tables of one kind of column, closeness of results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from sklearn.metrics import accuracy_score, log_loss

from pipeline.deep import DeepClassificationModel, DeepClassifier
from pipeline.errors import UserError
from tests.estimators.samples import FEATURES, frame, ids_of_one_rank, table


def _fit(rows: DataFrame, **params: Any) -> DeepClassificationModel:
    given = {
        "featuresCols": FEATURES,
        "labelCol": "text",
        "hidden": [16],
        "batch_size": 64,
        "epochs": 4,
        "learning_rate": 0.02,
        **params,
    }
    return DeepClassifier(**given).fit(rows)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """A third of the labels is noise."""
    data = table(400)
    is_noise = np.random.default_rng(1).random(400) < 0.33
    data["text"] = np.where(is_noise, "no", data["text"])
    return data


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def stopped(rows: DataFrame) -> DeepClassificationModel:
    """Far too large and too fast, so that it gets worse soon."""
    return _fit(
        rows,
        validationIndicatorCol="later",
        hidden=[64, 32],
        dropout=0.0,
        batch_size=32,
        epochs=40,
        learning_rate=0.05,
        patience=3,
    )


def test_early_stopping_restores_the_best_epoch(
    stopped: DeepClassificationModel, data: pd.DataFrame
) -> None:
    losses = [row["validation.logloss"] for row in stopped.history]
    best = stopped.metrics["best_epoch"]
    assert best == int(np.argmin(losses))
    assert stopped.metrics["epochs"] == len(losses) == best + 1 + 3 < 40
    later = data[data["later"]]
    scores = stopped.predictor.predict_proba(later[FEATURES])
    assert log_loss(later["text"], scores) == pytest.approx(losses[best], abs=1e-4)
    accuracy = accuracy_score(later["text"], stopped.predictor.predict(later[FEATURES]))
    assert accuracy == pytest.approx(stopped.history[best]["validation.accuracy"], abs=1e-6)
    assert losses[-1] > losses[best] + 1e-3


def test_the_history_has_every_epoch(stopped: DeepClassificationModel) -> None:
    measures = {"train.logloss", "validation.logloss", "validation.accuracy"}
    for place, row in enumerate(stopped.history):
        assert set(row) == {"epoch", "seconds", *measures}
        assert row["epoch"] == place
        assert all(np.isfinite(row[name]) for name in measures)


def test_results_are_close_whatever_the_partitions(rows: DataFrame) -> None:
    one = _fit(rows.coalesce(1).sortWithinPartitions("id"))
    other = _fit(
        rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(16, "b", "id")
    )
    assert one.metadata["data_fingerprint"] == other.metadata["data_fingerprint"]
    records = [row.asDict() for row in rows.select(*FEATURES).collect()]
    found = [model.predictor.predict_proba(records) for model in (one, other)]
    assert np.allclose(*found, atol=1e-3)


def test_ranks_whose_processes_have_served_unequally_understand_each_other(rows: DataFrame) -> None:
    _fit(rows, epochs=2, numWorkers=1)  # Spark gives its process to one rank of the next gang
    assert len(_fit(rows, epochs=1, gangStall=60.0).history) == 1


def test_numbers_only_with_a_column_that_is_constant(rows: DataFrame, tmp_path: Path) -> None:
    odd = rows.withColumn("one", F.lit(1.5)).withColumn("none", F.lit(None).cast("double"))
    model = _fit(odd, featuresCols=["a", "one", "none"], epochs=3)
    assert all(np.isfinite(row["train.logloss"]) for row in model.history)
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    scored = loaded.transform(odd.withColumn("none", F.col("a"))).toPandas()
    probability = np.array([row.toArray() for row in scored["probability"]])
    assert np.isfinite(probability).all()
    assert np.ptp(probability[:, 0]) > 0.2


def test_categories_only_on_a_gang_of_which_one_worker_has_no_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    ids = ids_of_one_rank(spark, 3)
    records = [(ids[0], "a", "x", 0), (ids[1], "b", None, 1), (ids[2], "a", "y", 0)]
    few = spark.createDataFrame(records, "id long, c string, d string, y int").cache()
    model = _fit(few, featuresCols=["c", "d"], labelCol="y", rowIdCol="id", epochs=20, dropout=0.0)
    assert all(np.isfinite(row["train.logloss"]) for row in model.history)
    assert model.history[-1]["train.logloss"] < model.history[0]["train.logloss"]
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    found = {row.id: row.prediction for row in loaded.transform(few).collect()}
    assert found == {ids[0]: 0.0, ids[1]: 1.0, ids[2]: 0.0}


def test_a_training_that_diverges_is_one_error_that_says_what_to_do(rows: DataFrame) -> None:
    with pytest.raises(UserError, match=r"no epoch had a finite loss\. Lower deep\.learning_rate"):
        _fit(rows, learning_rate=1e38, epochs=2)
