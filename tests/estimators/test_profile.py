"""The one pass over the table: what it finds, and what it refuses, with counts."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

from pipeline.errors import DataError
from pipeline.estimators import profile
from pipeline.estimators.profile import Columns, describe

TYPED = Columns(("x", "c", "f"), None, "y")


def _describe(spark: SparkSession, rows: list[Any], schema: str, columns: Columns) -> Any:
    return describe(spark.createDataFrame(rows, schema).repartition(3), columns)


def test_a_table_is_described_whatever_its_partitions(spark: SparkSession) -> None:
    rows = [(1.0, "b", True, "yes"), (None, None, None, "no"), (2.0, "a", False, "no")] * 2
    found = _describe(spark, rows, "x double, c string, f boolean, y string", TYPED)
    features, label = found.features, found.label
    assert (found.rows, found.class_rows) == (6, (4, 2))
    assert [(f.name, f.kind, f.categories) for f in features.features] == [
        ("x", "numeric", ()),
        ("c", "categorical", ("a", "b")),
        ("f", "boolean", ()),
    ]
    assert (features.width, features.categorical) == (3, [1])
    assert (label.name, label.classes) == ("y", ("no", "yes"))


@pytest.mark.parametrize(
    ("kind", "values", "classes"),
    [
        ("int", [3, -1, 3, 10], (-1.0, 3.0, 10.0)),
        ("boolean", [True, False, True, True], (0.0, 1.0)),
        ("string", ["b", "B", "a", "10"], ("10", "B", "a", "b")),
        ("decimal(5,1)", [1, 2, 1, 2], (1.0, 2.0)),
    ],
)
def test_classes_are_the_labels_own_values_sorted(
    spark: SparkSession, kind: str, values: list[Any], classes: tuple[Any, ...]
) -> None:
    frame = spark.createDataFrame([(str(value), 1.0) for value in values], "y string, x double")
    typed = frame.selectExpr(f"cast(y as {kind}) as y", "x")
    assert describe(typed, Columns(("x",), None, "y")).label.classes == classes


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("double", [0.0, None, float("nan"), 1.0]),
        ("string", ["0", None, None, "1"]),
        ("boolean", [True, None, None, False]),
    ],
)
def test_null_labels_are_counted(spark: SparkSession, kind: str, values: list[Any]) -> None:
    rows = [(value, 1.0) for value in values]
    with pytest.raises(DataError, match=r"^label y is null in 2 of 4 rows; drop or label them"):
        _describe(spark, rows, f"y {kind}, x double", Columns(("x",), None, "y"))


def test_one_class_is_nothing_to_learn(spark: SparkSession) -> None:
    columns = Columns(("x",), None, "y")
    with pytest.raises(DataError, match=r"^label y has one class only \('a'\)"):
        _describe(spark, [("a", 1.0)] * 3, "y string, x double", columns)
    with pytest.raises(DataError, match=r"^the table has no rows$"):
        _describe(spark, [("a", 1.0)] * 0, "y string, x double", columns)


def test_too_many_values_are_no_classes(spark: SparkSession) -> None:
    frame = spark.range(1200).selectExpr("id * 0.5D as y", "1.0D as x")
    with pytest.raises(
        DataError, match=r"^label y has more than 1000 different values: it is a nu"
    ):
        describe(frame, Columns(("x",), None, "y"))


def test_too_many_strings_are_no_categories(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "MOST_CATEGORIES", 5)
    frame = spark.range(12).selectExpr("id % 2 as y", "cast(id % 6 as string) as c")
    with pytest.raises(DataError, match=r"^column c has more than 5 different strings; that is an"):
        describe(frame, Columns(("c",), None, "y"))


def test_every_problem_with_weights_is_counted(spark: SparkSession) -> None:
    weights = [1.0, None, -1.0, -2.0, float("inf"), float("nan"), 0.0]
    rows = [(place % 2, float(place), weight) for place, weight in enumerate(weights)]
    columns = Columns(("x",), None, "y", weight="w")
    with pytest.raises(DataError) as refused:
        _describe(spark, rows, "y int, x double, w double", columns)
    assert str(refused.value).split("; ") == [
        "weight column w has 1 null weights",
        "weight column w has 2 negative weights",
        "weight column w has 2 unusable weights",
    ]
    with pytest.raises(DataError, match=r"^weight column w has no positive weight$"):
        _describe(spark, [(0, 1.0, 0), (1, 1.0, 0)], "y int, x double, w int", columns)


def test_all_problems_are_told_at_once(spark: SparkSession) -> None:
    with pytest.raises(DataError, match=r"label y is null in 1 of 2 rows.*one class only.*weight"):
        _describe(
            spark,
            [(0, 1.0, -1), (None, 1.0, 1)],
            "y int, x double, w int",
            Columns(("x",), None, "y", weight="w"),
        )


def test_vectors_must_be_of_one_length(spark: SparkSession) -> None:
    columns = Columns((), "v", "y")
    mixed = [(0, Vectors.dense([1, 2])), (1, Vectors.sparse(3, [1], [1.0])), (1, None)]
    with pytest.raises(DataError) as refused:
        describe(spark.createDataFrame(mixed, ["y", "v"]), columns)
    assert str(refused.value).split("; ") == [
        "column v has 1 null vectors",
        "column v has vectors of different lengths: 2, 3",
    ]
    arrays = [(0, [1.0, 2.0]), (1, [1.0])]
    with pytest.raises(DataError, match=r"^column v has vectors of different lengths: 1, 2$"):
        _describe(spark, arrays, "y int, v array<double>", columns)


def test_one_sparse_vector_makes_the_column_sparse(spark: SparkSession) -> None:
    columns = Columns((), "v", "y")
    dense = [(0, Vectors.dense([1, 0])), (1, Vectors.dense([0, 2]))]
    some = [*dense, (1, Vectors.sparse(2, [1], [1.0]))]
    features = describe(spark.createDataFrame(dense, ["y", "v"]), columns).features
    assert (features.width, features.is_sparse, features.columns) == (2, False, ("v",))
    features = describe(spark.createDataFrame(some, ["y", "v"]), columns).features
    assert (features.width, features.is_sparse) == (2, True)
