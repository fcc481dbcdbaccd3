"""Boosted trees that order the rows of a query, on Spark."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from sklearn.metrics import ndcg_score

from pipeline.boosting import BoostingRanker, BoostingRankingModel
from pipeline.errors import DataError
from tests.boosting.fits import by_id

QUERIES, SIZE = 60, 12


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = QUERIES * SIZE
    x, y = rng.normal(size=rows), rng.normal(size=rows)
    value = x + 0.5 * y + rng.normal(scale=0.5, size=rows)
    query = np.repeat([f"query {number}" for number in range(QUERIES)], SIZE)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "query": query,
            "x": x,
            "y": y,
            "relevance": np.digitize(value, [-0.5, 0.5, 1.5]),
            "weight": np.repeat(rng.integers(1, 4, QUERIES), SIZE).astype(float),
        }
    )


@pytest.fixture(scope="module")
def frame(spark: SparkSession, table: pd.DataFrame) -> Iterator[DataFrame]:
    shuffled = table.sample(frac=1, random_state=0).values.tolist()
    schema = "id long, query string, x double, y double, relevance int, weight double"
    found = spark.createDataFrame(shuffled, schema).repartition(3).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def ranker() -> BoostingRanker:
    return BoostingRanker(
        featuresCols=["x", "y"],
        labelCol="relevance",
        qidCol="query",
        weightCol="weight",
        rounds=20,
        max_depth=3,
        eta=0.3,
        eval_metric=["ndcg@5", "ndcg"],
        validation_fraction=0.25,
        numWorkers=2,
    )


@pytest.fixture(scope="module")
def model(ranker: BoostingRanker, frame: DataFrame) -> BoostingRankingModel:
    return ranker.fit(frame)


def _quality(table: pd.DataFrame, scores: np.ndarray) -> float:
    shape = (QUERIES, SIZE)
    return float(ndcg_score(table["relevance"].to_numpy().reshape(shape), scores.reshape(shape)))


def test_rows_of_a_query_are_put_in_order(
    model: BoostingRankingModel, frame: DataFrame, table: pd.DataFrame
) -> None:
    assert model.metrics["workers"] == 2
    (scores,) = by_id(model.transform(frame), "prediction")
    random = _quality(table, np.random.default_rng(1).random(len(table)))
    found = _quality(table, scores)
    assert found > 0.9
    assert found > random + 0.1
    best = (table["x"] + 0.5 * table["y"]).to_numpy()
    assert found == pytest.approx(_quality(table, best), abs=0.05)


def test_whole_queries_are_held_out(model: BoostingRankingModel) -> None:
    """So that a metric of validation rows is one of queries that training has not seen."""
    counts = model.metadata["rows"]
    assert counts["train"] + counts["validation"] == QUERIES * SIZE
    assert counts["validation"] % SIZE == counts["train"] % SIZE == 0
    assert counts["validation"] / (QUERIES * SIZE) == pytest.approx(0.25, abs=0.12)
    last = model.history[-1]
    assert set(last) == {
        "round",
        *(f"{part}.{name}" for part in ("train", "validation") for name in ("ndcg@5", "ndcg")),
    }
    assert last["validation.ndcg"] > 0.85


@pytest.mark.slow
def test_the_model_does_not_depend_on_where_the_rows_of_a_query_were(
    ranker: BoostingRanker, model: BoostingRankingModel, frame: DataFrame
) -> None:
    other = ranker.fit(frame.repartition(5, "x"))
    assert other.natives == model.natives
    assert other.history == model.history


@pytest.mark.slow
def test_rows_of_one_query_must_agree_on_its_weight(
    ranker: BoostingRanker, frame: DataFrame
) -> None:
    apart = frame.withColumn("weight", F.when(F.col("id") == 0, 9.0).otherwise(F.col("weight")))
    with pytest.raises(DataError, match="rows of one query have different weights"):
        ranker.fit(apart)


def test_relevance_is_not_negative(ranker: BoostingRanker, frame: DataFrame) -> None:
    with pytest.raises(DataError, match=r"label y goes from .* rank:ndcg takes labels at least 0"):
        ranker.copy({ranker.labelCol: "y", ranker.featuresCols: ["x"]}).fit(frame)
