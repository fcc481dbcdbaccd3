"""Bagged ensembles: identity of results, out-of-bag error, validation rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import BaggingClassificationModel, BaggingClassifier, fits
from pipeline.errors import DataError
from pipeline.progress import Step, reporting
from tests.estimators.samples import FEATURES, frame, table

REPLICAS = 9


def _fit(rows: DataFrame, **params: Any) -> BaggingClassificationModel:
    given = {
        "featuresCols": FEATURES,
        "labelCol": "text",
        "replicas": REPLICAS,
        "max_depth": 4,
        "colsample_bynode": 0.5,
        **params,
    }
    return BaggingClassifier(**given).fit(rows)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return table(700)


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def model(rows: DataFrame) -> BaggingClassificationModel:
    """Every fourth row is marked for validation."""
    return _fit(rows, rowIdCol="id", validationIndicatorCol="later")


@pytest.fixture(scope="module")
def seen(data: pd.DataFrame) -> pd.DataFrame:
    """The rows that were trained on, in the order of their identity."""
    return data[~data["later"]].sort_values("id")


def _shares(model: BaggingClassificationModel, rows: pd.DataFrame) -> np.ndarray:
    """Of the class yes, by each saved tree: shape (replicas, rows)."""
    matrix = model.features.encode(pa.Table.from_pandas(rows[FEATURES], preserve_index=False))
    files = [model.natives[f"replica-{place:06d}.ubj"] for place in range(model.replicas)]
    trees = [xgb.Booster(model_file=bytearray(data)) for data in files]
    return np.array([tree.inplace_predict(matrix) for tree in trees])


def test_a_model_is_one_xgboost_file_per_replica(model: BaggingClassificationModel) -> None:
    replicas = [f"replica-{place:06d}.ubj" for place in range(REPLICAS)]
    assert sorted(model.natives) == [f"ensemble-{REPLICAS:06d}.ubj", *replicas]
    assert len(set(model.natives.values())) == REPLICAS + 1
    assert model.metrics["replicas"] == REPLICAS


def test_replicas_that_are_done_are_steps(rows: DataFrame) -> None:
    steps: list[Step] = []
    with reporting(steps.append):
        _fit(rows, rowIdCol="id", replicas=3)
    assert {(step.task, step.unit, step.total) for step in steps} == {("bagging", "replica", 3)}
    assert steps[-1].number == 3


def test_a_users_error_of_a_task_fails_no_task(rows: DataFrame, spark: SparkSession) -> None:
    context = spark.sparkContext
    context.setJobGroup("infinite", "infinite")
    infinite = rows.replace(rows.first()["a"], float("inf"), "a")
    try:
        with pytest.raises(DataError, match=r"^column a: 1 infinite values") as told:
            _fit(infinite, rowIdCol="id")
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    assert type(told.value) is DataError
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup("infinite")]
    assert {job.status for job in jobs} == {"SUCCEEDED"}


def test_validation_rows_are_left_out(
    model: BaggingClassificationModel, rows: DataFrame, seen: pd.DataFrame
) -> None:
    assert model.metadata["rows"] == {"train": len(seen), "validation": 700 - len(seen)}
    without = _fit(rows.where(~F.col("later")), rowIdCol="id")
    assert without.natives == model.natives
    assert without.metrics["out_of_bag"] == model.metrics["out_of_bag"]


def test_probability_is_the_mean_of_the_trees(
    model: BaggingClassificationModel, rows: DataFrame, data: pd.DataFrame
) -> None:
    wanted = model.transform(rows).select("id", vector_to_array("probability").alias("p"))
    found = wanted.toPandas().sort_values("id")["p"].tolist()
    expected = _shares(model, data.sort_values("id")).mean(axis=0)
    assert np.allclose(np.array(found)[:, 1], expected, atol=1e-6)


def test_out_of_bag_error_is_that_of_trees_on_rows_they_have_not_seen(
    model: BaggingClassificationModel, seen: pd.DataFrame
) -> None:
    shares = _shares(model, seen)
    counts = np.array([model.inBagCounts(replica) for replica in range(REPLICAS)])
    assert counts.shape == shares.shape
    is_out = counts == 0
    voted = is_out.any(axis=0)
    mean = (shares * is_out).sum(axis=0)[voted] / is_out.sum(axis=0)[voted]
    wrong = (mean > 0.5) != (seen["text"] == "yes").to_numpy()[voted]
    out_of_bag = model.metrics["out_of_bag"]
    assert out_of_bag["rows"] == voted.sum()
    assert out_of_bag["rows_without_vote"] == (~voted).sum()
    assert out_of_bag["error"] == pytest.approx(wrong.mean(), abs=1e-12)
    assert 0 < out_of_bag["error"] < 0.3


@pytest.fixture(scope="module")
def plain(rows: DataFrame) -> BaggingClassificationModel:
    """Rows have no identity but their content."""
    return _fit(rows.coalesce(1).sortWithinPartitions("id"))


@pytest.mark.parametrize("partitions", [4, 16])
def test_results_do_not_depend_on_partitions_order_or_tasks(
    rows: DataFrame,
    plain: BaggingClassificationModel,
    partitions: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fits, "runs_of", lambda start, stop, _slots: [range(start, stop)])
    other = rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(partitions)
    found = _fit(other)
    assert found.natives == plain.natives
    assert found.metrics["out_of_bag"] == plain.metrics["out_of_bag"]
    assert found.metadata["data_fingerprint"] == plain.metadata["data_fingerprint"]


def test_another_seed_gives_another_ensemble(
    rows: DataFrame, plain: BaggingClassificationModel
) -> None:
    one = _fit(rows, seed=1, replicas=1)
    assert one.natives["replica-000000.ubj"] not in plain.natives.values()
    assert one.metrics["out_of_bag"]["rows_without_vote"] > 0
    probability = one.predictor.predict_proba([{"a": 1.0, "b": 0, "c": "red", "flag": True}])
    assert ((probability >= 0) & (probability <= 1)).all()
