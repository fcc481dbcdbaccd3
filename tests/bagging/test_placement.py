"""Task or gang: what decides, and what is refused."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipeline.bagging.placement import bytes_needed, choose, memory_of_a_worker
from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema
from pipeline.errors import UserError
from pipeline.estimators.profile import Described

GIB = 1 << 30


def _described(rows: int, columns: int = 20) -> Described:
    features = tuple(Feature(f"x{place}", "numeric") for place in range(columns))
    return Described(FeatureSchema(features), LabelSchema("y", (0.0, 1.0)), rows, (rows, 0))


def test_rows_that_fit_a_worker_are_trained_by_tasks() -> None:
    found = choose("auto", "xgboost", GIB, 2 * GIB)
    assert found.kind == "task"
    assert found.reason == ("all rows take about 1,024 MiB and a worker process may take 2,048 MiB")


def test_larger_ones_are_sharded_over_a_gang() -> None:
    assert choose("auto", "xgboost", 3 * GIB, 2 * GIB).kind == "gang"
    assert choose("task", "xgboost", 3 * GIB, 2 * GIB).kind == "task"
    assert choose("gang", "xgboost", GIB, 2 * GIB).kind == "gang"


@pytest.mark.parametrize("learner", ["network", "sklearn.tree.DecisionTreeClassifier"])
def test_a_learner_that_needs_all_rows_in_one_process_says_so(learner: str) -> None:
    with pytest.raises(UserError, match=f"too little for learner {learner}"):
        choose("auto", learner, 3 * GIB, 2 * GIB)
    with pytest.raises(UserError, match="is trained in one process"):
        choose("gang", learner, GIB, 2 * GIB)


def test_the_need_grows_with_rows_and_columns() -> None:
    small, long, wide = (
        bytes_needed("xgboost", _described(*shape))
        for shape in ((1_000, 20), (10_000_000, 20), (1_000, 200_000))
    )
    assert small < GIB / 2 < long
    assert small < GIB < wide


def test_memory_is_what_is_free_on_the_nodes_or_what_is_said(spark: SparkSession) -> None:
    found, where = memory_of_a_worker(spark, 1, 0, GIB)
    assert 100 << 20 < found < 1 << 45
    assert "free memory" in where
    said = memory_of_a_worker(spark, 1, 64, GIB)
    assert said == (64 << 20, "a worker process (worker_memory_mb)")


def test_no_node_is_asked_for_what_every_node_has(spark: SparkSession) -> None:
    assert memory_of_a_worker(spark, 1, 0, 1000)[1] == "a worker process (of any node)"


def test_sparse_vectors_need_what_they_store_and_categories_a_column_each() -> None:
    sparse = Described(
        FeatureSchema((), "v", 262_144, is_sparse=True),
        LabelSchema("y", (0.0, 1.0)),
        100_000,
        (50_000, 50_000),
        stored=5_000_000,
    )
    assert bytes_needed("sklearn.linear_model.LogisticRegression", sparse) < GIB
    cities = Feature("city", "categorical", tuple(map(str, range(5_000))))
    wide = Described(
        FeatureSchema((cities,)), LabelSchema("y", (0.0, 1.0)), 1_000_000, (1_000_000, 0)
    )
    assert bytes_needed("sklearn.naive_bayes.GaussianNB", wide) > 20 * GIB
    assert bytes_needed("xgboost", wide) < GIB
