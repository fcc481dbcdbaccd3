"""Columns that have other types than in training: read as then, or refused with counts."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipeline.cli.casts import as_trained
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import DataError

NUMBER = FeatureSchema((Feature("x y", "numeric"),))
BOOLEAN = FeatureSchema((Feature("b", "boolean"),))


def test_text_is_read_as_numbers_and_booleans(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("1e3", "false"), (" 2 ", "1"), ("", None)], ["x y", "b"])
    both = FeatureSchema((*NUMBER.features, *BOOLEAN.features))
    fitted = as_trained(frame, both)
    assert fitted.dtypes == [("x y", "double"), ("b", "boolean")]
    assert [tuple(row) for row in fitted.collect()] == [
        (1000.0, False),
        (2.0, True),
        (None, None),
    ]


def test_blanks_are_missing_where_casts_may_fail_too(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("",), ("1",)], ["x y"])
    spark.conf.set("spark.sql.ansi.enabled", "true")
    try:
        assert as_trained(frame, NUMBER).collect()[0][0] is None
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")


def test_a_column_of_nulls_is_missing_in_every_row(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None,)], "`x y` void")
    assert as_trained(frame, NUMBER).dtypes == [("x y", "double")]


def test_wrong_values_are_counted_with_an_example(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("1",), ("b",), ("a" * 99,), (None,)], ["x y"])
    with pytest.raises(DataError) as caught:
        as_trained(frame, NUMBER)
    assert str(caught.value) == (
        "column x y is text that is no number in 2 of 4 rows (for example "
        f"'{'a' * 40}'); in training it was a number: correct it, or leave it empty for missing"
    )


@pytest.mark.parametrize("kind", ["float", "double", "decimal(38,0)"])
def test_infinite_numbers_are_refused_and_nan_is_missing(spark: SparkSession, kind: str) -> None:
    largest = "3.4028235e38D" if kind != "decimal(38,0)" else "1e37D"
    frame = spark.sql(f"SELECT cast({largest} AS {kind}) AS `x y`")
    assert as_trained(frame, NUMBER) is frame
    if kind != "decimal(38,0)":
        frame = spark.sql("SELECT explode(array(double('NaN'), double('-Infinity'), 1)) AS `x y`")
        with pytest.raises(DataError, match=r"in 1 of 3 rows \(for example '-Infinity'\)"):
            as_trained(frame.selectExpr(f"cast(`x y` AS {kind}) AS `x y`"), NUMBER)


def test_whole_numbers_are_read_without_a_look(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(2**62,)], "`x y` long")
    assert as_trained(frame, NUMBER) is frame
