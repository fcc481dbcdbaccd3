import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import StructField, StructType

from pipeline.data.roles import Roles, check_roles
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


def test_a_text_is_no_feature(spark):
    df = table(spark, "a int, y int, review string, title string")
    found = check_roles(df, ColumnsSettings(label="y", text=["title", "review"]))
    assert found == Roles("y", ("a",), None, None, (), None, ("title", "review"))
    assert found.has_features
    beside = check_roles(df, ColumnsSettings(label="y", features=["title"], text="review"))
    assert (beside.features, beside.text) == (("title",), ("review",))


def test_a_table_may_have_a_text_alone(spark):
    df = table(spark, "y int, review string")
    found = check_roles(df, ColumnsSettings(label="y", text="review"))
    assert (found.features, found.text, found.has_features) == ((), ("review",), False)


def test_a_text_holds_text(spark):
    df = table(spark, "a int, y int, n bigint")
    said = refused(df, label="y", text=["n", "rewiev"])
    assert "columns.text: no column rewiev in the table" in said
    said = refused(df, label="y", text="n")
    assert said.startswith("columns.text: n is of type bigint; it must be text: cast it, or, of a")


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
        ("binary", "a number or a text of it"),
        ("interval day to second", "a number or a text of it"),
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
    assert "columns.label: y is of type date" in said
    assert "columns.weight: w is of type string" in said


def test_keys_and_times_must_hold_something(spark):
    df = table(spark, "a int, y int, k void, t void")
    said = refused(df, label="y", key=["k"], time="t")
    assert "columns.key: k is null in every row; name another column" in said
    assert "columns.time: t is null in every row; name another column" in said


def test_nameless_columns_and_endless_types_are_told_in_short(spark):
    assert "column number 2 of the table has no name" in refused(
        table(spark, "a int, y int").toDF("a", ""), label="a"
    )
    fields = ", ".join(f"field{i}: int" for i in range(99))
    assert len(refused(table(spark, f"f struct<{fields}>, y int"), label="y")) < 200
