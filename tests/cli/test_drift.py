"""Scored tables that differ from the training table: what each policy makes of them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from pipeline.cli.drift import fit_to
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import DataError

MODEL = FeatureSchema(
    (Feature("a.b", "numeric"), Feature("flag", "boolean"), Feature("zone", "categorical", ("01",)))
)
TRAINED = {"a.b": "int", "flag": "boolean", "zone": "string", "y": "string", "note": "string"}
VECTORS = FeatureSchema(vector="v", size=2)


def _frame(spark: SparkSession, schema: str, *rows: Any) -> DataFrame:
    return spark.createDataFrame(list(rows), schema)


def _refused(*arguments: Any, **more: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        fit_to(*arguments, **more)
    return str(caught.value).splitlines()


def test_a_table_as_in_training_stays_as_it_is(spark: SparkSession) -> None:
    frame = _frame(
        spark, "`a.b` double, flag boolean, zone string, note string", (1.0, True, "", "")
    )
    for policy in ("refuse", "ignore_extra", "null_for_missing"):
        fitted = fit_to(frame, MODEL, TRAINED, policy, unneeded=["y"])  # type: ignore[arg-type]
        assert fitted.dtypes == frame.dtypes
        assert fitted.collect() == frame.collect()


def test_refuse_lists_every_difference(spark: SparkSession) -> None:
    frame = _frame(spark, "`a.b` string, zone string, more int, note string")
    missing, extra, other = _refused(frame, MODEL, TRAINED, "refuse", unneeded=["y"])
    assert missing.startswith("column flag of the training table is missing, and drift is refuse")
    assert extra.startswith("column more was not in the training table, and drift is refuse")
    assert other.startswith("column a.b is of type string; in training it was int, and drift is")


def test_refuse_lets_text_files_be_text(spark: SparkSession) -> None:
    schema = "`a.b` string, flag string, zone string, note string"
    frame = _frame(spark, schema, ("1.5", "true", "01", "x"), (" ", "", "", ""))
    fitted = fit_to(frame, MODEL, TRAINED, "refuse", unneeded=["y"], is_text=True)
    assert [tuple(row) for row in fitted.collect()] == [
        (1.5, True, "01", "x"),
        (None, None, "", ""),
    ]


def test_a_model_that_knows_no_table_refuses_what_it_needs(spark: SparkSession) -> None:
    frame = _frame(spark, "`a.b` int, flag boolean, more int")
    (problem,) = _refused(frame, MODEL, None, "refuse")
    assert "no column zone in the table" in problem


def test_missing_features_are_null_where_the_policy_says_so(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    frame = _frame(spark, "flag boolean, x int", (True, 1))
    with caplog.at_level(logging.WARNING):
        fitted = fit_to(frame, MODEL, TRAINED, "null_for_missing")
    assert fitted.dtypes[2:] == [("a.b", "double"), ("zone", "string")]
    assert [tuple(row) for row in fitted.collect()] == [(True, 1, None, None)]
    assert "missing from the table, so null in every row: a.b, zone" in caplog.text
    (problem,) = _refused(frame.drop("flag"), MODEL, TRAINED, "null_for_missing")
    assert "none of the model's features is in the table" in problem


def test_vectors_cannot_be_missing(spark: SparkSession) -> None:
    frame = _frame(spark, "x int", (1,))
    (problem,) = _refused(frame, VECTORS, None, "null_for_missing")
    assert problem.endswith("; add it")
    (problem,) = _refused(_frame(spark, "v string", ("x",)), VECTORS, None, "ignore_extra")
    assert "in training it was a vector or an array of numbers" in problem


def test_vectors_are_looked_at(spark: SparkSession) -> None:
    rows = [
        (Vectors.dense([1.0, float("inf")]),),
        (Vectors.sparse(2, [0], [2.0]),),
        (None,),
        (Vectors.dense([1.0]),),
    ]
    frame = spark.createDataFrame(rows, ["v"])
    null, length, infinite = _refused(frame, VECTORS, None, "ignore_extra")
    assert null == "column v is null in 1 of 4 rows; remove these rows"
    assert length == "column v is not of the 2 elements of training in 1 of 4 rows; mend them"
    assert infinite.startswith(
        "column v is infinite, or beyond the 3.4e38 of a 32-bit float, in 1 of 4"
    )
    good = frame.limit(2).where("false")
    assert fit_to(good, VECTORS, None, "ignore_extra") is good


def test_columns_of_one_name_are_refused(spark: SparkSession) -> None:
    frame = _frame(spark, "x int, y int").selectExpr("x", "y", "x AS X")
    assert "more than one column" in _refused(frame, MODEL, None, "ignore_extra")[0]
