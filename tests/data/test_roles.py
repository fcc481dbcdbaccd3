import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import StructField, StructType

from pipeline.data.roles import Roles, check_label, check_roles
from pipeline.data.settings import ColumnsSettings
from pipeline.errors import DataError


def table(spark, schema, rows=()):
    return spark.createDataFrame(list(rows), schema)


def refused(df, **columns):
    with pytest.raises(DataError) as caught:
        check_roles(df, ColumnsSettings(**columns))
    return str(caught.value)


def test_features_are_what_has_no_other_role(spark):
    df = table(spark, "a int, y int, b string, w double, k long, t timestamp, c boolean, d binary")
    columns = ColumnsSettings(label="y", weight="w", key=["k"], time="t", drop=["d"])
    assert check_roles(df, columns) == Roles("y", ("a", "b", "c"), None, "w", ("k",), "t")


def test_features_keep_their_order_and_all_plain_types(spark):
    kinds = ["tinyint", "smallint", "int", "bigint", "float", "double"]
    kinds += ["decimal(10,2)", "boolean", "string"]
    df = table(spark, ", ".join(f"f{i} {kind}" for i, kind in enumerate(kinds)) + ", y string")
    names = [f"f{i}" for i in reversed(range(len(kinds)))]
    assert check_roles(df, ColumnsSettings(label="y", features=names)).features == tuple(names)


def test_a_vector_stands_for_all_features(spark):
    df = table(spark, StructType([StructField("v", VectorUDT())])).selectExpr("v", "1 AS y")
    roles = check_roles(df, ColumnsSettings(label="y", vector="v"))
    assert (roles.vector, roles.features) == ("v", ())
    arrays = table(spark, "v array<float>, y int")
    assert check_roles(arrays, ColumnsSettings(label="y", vector="v")).vector == "v"
    assert "must be a vector" in refused(
        table(spark, "v array<string>, y int"), label="y", vector="v"
    )


def test_all_missing_columns_are_reported_with_the_nearest(spark):
    said = refused(table(spark, "age int, late int"), label="lte", features=["Age"], key=["x"])
    assert "columns.label: no column lte in the table; did you mean late?" in said
    assert "did you mean age?" in said
    assert "columns.key: no column x in the table; the table has: age, late" in said


def test_repeated_names_are_refused(spark):
    df = table(spark, "a int, y int")
    assert "more than one column" in refused(df.selectExpr("a", "y", "a AS A"), label="y")


def test_nothing_left_for_features(spark):
    assert "no column is left" in refused(table(spark, "y int"), label="y")


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("timestamp", "name it columns.time"),
        ("timestamp_ntz", "name it columns.time"),
        ("date", "make numbers of it"),
        ("array<int>", "name it columns.vector"),
        ("array<string>", "columns of its parts"),
        ("struct<x: int>", "columns of its parts"),
        ("map<string, int>", "columns.drop"),
        ("binary", "columns.drop"),
        ("void", "null in every row"),
    ],
)
def test_unusable_features_are_refused_with_a_remedy(spark, kind, remedy):
    said = refused(table(spark, f"f {kind}, y int"), label="y")
    assert said.startswith("columns.features: f is ")
    assert remedy in said


def test_label_and_weight_types(spark):
    df = table(spark, "a int, y date, w string")
    said = refused(df, label="y", weight="w")
    assert "columns.label: y is date" in said
    assert "columns.weight: w is string" in said


LABELLED = Roles("y", ("a",), None, None, (), None)
WEIGHTED = Roles("y", ("a",), None, "w", (), None)


def labels_refused(df, roles):
    with pytest.raises(DataError) as caught:
        check_label(df, roles)
    return str(caught.value)


def test_good_labels_and_weights_pass(spark):
    check_label(table(spark, "y string, w double", [("a", 0.0), ("b", 1.5)]), WEIGHTED)
    check_label(table(spark, "y boolean", [(True,), (False,)]), LABELLED)


def test_missing_labels_are_counted(spark):
    df = table(spark, "y double", [(1.0,), (None,), (float("nan"),), (0.0,)])
    assert "y is null or NaN in 2 of 4 rows" in labels_refused(df, LABELLED)


def test_one_class_is_refused(spark):
    df = table(spark, "y string", [("a",), ("a",)])
    assert "y is 'a' in all 2 rows" in labels_refused(df, LABELLED)
    assert "no rows" in labels_refused(df.limit(0), LABELLED)


def test_weights_are_counted(spark):
    rows = [(0, None), (1, float("nan")), (1, -1.0), (1, float("inf")), (1, 2.0)]
    said = labels_refused(table(spark, "y int, w double", rows), WEIGHTED)
    assert "w is null or NaN in 2 of 5 rows" in said
    assert "w is negative in 1 of 5 rows" in said
    assert "w is infinite in 1 of 5 rows" in said
    zeros = table(spark, "y int, w int", [(0, 0), (1, 0)])
    assert "w is 0 in all 2 rows" in labels_refused(zeros, WEIGHTED)
