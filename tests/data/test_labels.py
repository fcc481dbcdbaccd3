from __future__ import annotations

import logging

import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from pipeline.data.labels import check_label, looks_continuous
from pipeline.data.roles import Roles
from pipeline.errors import DataError

LABELLED = Roles("y", (), None, None, (), None)
WEIGHTED = Roles("y", (), None, "w", (), None)


def _refused(df: DataFrame, roles: Roles, split: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        check_label(df, roles, split)
    return str(caught.value)


@pytest.mark.parametrize(
    ("is_fractional", "distinct", "rows", "continuous"),
    [
        (True, 20, 1000, False),
        (True, 21, 1_000_000, True),
        (False, 100, 100, False),
        (False, 101, 2019, True),
        (False, 101, 2020, False),
        (False, 5000, 5000, True),
    ],
)
def test_many_values_are_a_number_to_predict(
    is_fractional: bool, distinct: int, rows: int, continuous: bool
) -> None:
    found = looks_continuous(is_fractional=is_fractional, distinct=distinct, rows=rows)
    assert found is continuous


def test_good_labels_and_weights_pass(spark: SparkSession) -> None:
    rows = [("a", 0.0), ("b", 1.5), ("a", 1.0), ("b", 1.0)]
    check_label(spark.createDataFrame(rows, "y string, w double"), WEIGHTED)
    check_label(spark.createDataFrame([(True,), (False,)] * 2, "y boolean"), LABELLED)
    decimals = spark.createDataFrame([(0,), (1,)] * 2, "y int").selectExpr(
        "cast(y as decimal(9,1)) y"
    )
    check_label(decimals, LABELLED)


def test_missing_labels_are_counted(spark: SparkSession) -> None:
    df = spark.createDataFrame([(1.0,), (None,), (float("nan"),), (0.0,)], "y double")
    assert "y is null or NaN in 2 of 4 rows" in _refused(df, LABELLED)
    df = spark.createDataFrame([(1.0,), (float("inf"),), (0.0,)], "y double")
    assert "y is infinite in 1 of 3 rows" in _refused(df, LABELLED)


def test_one_class_is_refused(spark: SparkSession) -> None:
    df = spark.createDataFrame([("a",), ("a",)], "y string")
    assert "y is 'a' in all 2 rows" in _refused(df, LABELLED)
    assert "no rows" in _refused(df.limit(0), LABELLED)


def test_whole_numbers_that_doubles_cannot_tell_apart_are_no_classes(spark: SparkSession) -> None:
    df = spark.createDataFrame([(2**53 + 1,), (2**53,), (1,)], "y long")
    assert "beyond 2^53 in 1 of 3 rows" in _refused(df, LABELLED)


def test_more_values_than_are_counted_are_refused_by_what_they_are(spark: SparkSession) -> None:
    numbers = spark.range(3000).selectExpr("id AS y")
    assert "more than 1000 different values in 3000 rows: a number to predict" in _refused(
        numbers, LABELLED
    )
    texts = numbers.selectExpr("cast(y AS string) AS y")
    assert "more than there may be classes" in _refused(texts, LABELLED)
    often = spark.range(30_000).selectExpr("id % 1200 AS y")
    assert "more than there may be classes" in _refused(often, LABELLED)


def test_classes_need_training_rows(spark: SparkSession) -> None:
    rows = [("a", "train"), ("b", "train"), ("c", "test"), ("c", "test"), ("c", "validation")]
    df = spark.createDataFrame([*rows, *rows], "y string, split string")
    assert _refused(df, LABELLED, "split") == (
        "columns.label: y: 'c' (4 in test, 2 in validation) has no row among the training rows; "
        "remove these rows, put the class together with another, add rows, or split in another way "
        "(seed, split.by_time)"
    )


def test_weights_are_counted(spark: SparkSession) -> None:
    rows = [(0, None), (1, float("nan")), (1, -1.0), (1, float("inf")), (1, 2.0)]
    said = _refused(spark.createDataFrame(rows, "y int, w double"), WEIGHTED)
    assert "w is null or NaN in 2 of 5 rows" in said
    assert "w is negative in 1 of 5 rows" in said
    assert "w is infinite in 1 of 5 rows" in said
    zeros = spark.createDataFrame([(0, 0), (1, 0)] * 2, "y int, w int")
    assert "w is 0 in all 4 rows" in _refused(zeros, WEIGHTED)


def test_training_and_validation_rows_must_weigh_something(spark: SparkSession) -> None:
    rows = [
        (i % 2, float(split == "train"), split)
        for i in range(4)
        for split in ("train", "validation")
    ]
    df = spark.createDataFrame(rows, "y int, w double, split string")
    assert "w is 0 in all 4 rows of validation" in _refused(df, WEIGHTED, "split")


def test_infinite_features_are_counted_by_column(spark: SparkSession) -> None:
    rows = [(0, 1.0, 1e300, 2**60), (1, float("-inf"), None, 1), (1, float("inf"), 1.0, 2)]
    df = spark.createDataFrame([*rows, *rows], "y int, `a.b` double, c double, d long")
    said = _refused(df, Roles("y", ("a.b", "c", "d"), None, None, (), None))
    assert "columns.features: a.b is infinite, or beyond" in said
    assert "in 4 of 6 rows" in said
    assert "c is infinite, or beyond the 3.4e38 of a 32-bit float, in 2 of 6 rows" in said
    assert " d is" not in said


def test_infinite_and_null_vectors_are_counted_by_row(spark: SparkSession) -> None:
    inf = float("inf")
    rows = [
        (0, Vectors.dense([1.0, inf, inf])),
        (1, Vectors.sparse(3, [1], [inf])),
        (1, None),
        (0, Vectors.dense([1.0, 2.0, 3.0])),
    ]
    df = spark.createDataFrame(rows, ["y", "v"]).repartition(2)
    said = _refused(df, Roles("y", (), "v", None, (), None))
    assert "columns.vector: v is infinite" in said
    assert "in 2 of 4 rows" in said
    assert "v is null in 1 of 4 rows" in said


def test_features_that_tell_nothing_are_named_once(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [(0, 3, None, "x", 1), (1, 3, float("nan"), "x", None)] * 3
    df = spark.createDataFrame(rows, "y int, a int, b double, c string, d int").repartition(3)
    with caplog.at_level(logging.WARNING):
        check_label(df, Roles("y", ("a", "b", "c", "d"), None, None, (), None))
    told = [record.getMessage() for record in caplog.records]
    assert [line.partition(";")[0] for line in told] == [
        "columns.features: the same value in every row in a (3), c ('x')",
        "columns.features: no value in any row in b",
    ]
