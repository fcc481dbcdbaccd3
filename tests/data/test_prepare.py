from dataclasses import replace
from decimal import Decimal

import pytest
from pyspark.sql import functions as F  # noqa: N812

from pipeline.data.prepare import fingerprint, prepare
from pipeline.data.settings import ColumnsSettings, SplitSettings
from pipeline.errors import DataError

SCHEMA = "a int, p decimal(10,2), y int, w double, k long, t timestamp, rest map<string, int>"


@pytest.fixture
def table(spark):
    rows = [(i % 7, Decimal(i) / 4, i % 2, 1.0, i, None, {}) for i in range(200)]
    df = spark.createDataFrame(rows, SCHEMA)
    return df.withColumn("t", F.timestamp_seconds("k"))


def test_only_columns_with_a_role_stay(table):
    columns = ColumnsSettings(label="y", features=["a", "p"], weight="w", drop=["rest"])
    prepared = prepare(table, columns, SplitSettings(), seed=1)
    assert prepared.frame.columns == ["y", "a", "p", "w", "row_id", "split"]
    assert prepared.frame.schema["p"].dataType.simpleString() == "double"
    assert prepared.frame.select("row_id").distinct().count() == 200
    assert prepared.roles.features == ("a", "p")


def test_a_key_and_a_time(table):
    columns = ColumnsSettings(label="y", key=["k"], time="t", drop=["rest"])
    split = SplitSettings(by_time="t")
    frame = prepare(table, columns, split, seed=1).frame
    assert frame.columns == ["y", "a", "p", "w", "t", "k", "row_id", "split"]
    assert [row["split"] for row in frame.orderBy("k").collect()] == (
        ["train"] * 140 + ["validation"] * 30 + ["test"] * 30
    )


def test_it_starts_no_job_without_key_and_time(spark, table):
    columns = ColumnsSettings(label="y", features=["a", "p"])
    spark.sparkContext.setJobGroup("lazily", "")
    prepare(table, columns, SplitSettings(), seed=1)
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    assert list(spark.sparkContext.statusTracker().getJobIdsForGroup("lazily")) == []


def test_a_column_may_not_take_the_pipelines_names(table):
    columns = ColumnsSettings(label="y", features=["split"])
    with pytest.raises(DataError, match="column split: the name is needed"):
        prepare(table.withColumn("split", F.lit(1)), columns, SplitSettings(), seed=1)


def test_a_missing_time_is_refused(table):
    columns = ColumnsSettings(label="y", features=["a"])
    with pytest.raises(DataError, match="no column T in the table; did you mean t"):
        prepare(table, columns, SplitSettings(by_time="T"), seed=1)


def test_fingerprints(table):
    columns = ColumnsSettings(label="y", features=["a", "p"])
    made = prepare(table, columns, SplitSettings(), seed=1)
    first = fingerprint(made.frame, made.roles)
    assert len(first) == 64
    shuffled = table.repartition(7).orderBy(F.rand(2))
    same = prepare(shuffled, columns, SplitSettings(), seed=1).frame
    assert fingerprint(same.select(*reversed(same.columns)), made.roles) == first
    others = [
        prepare(table, columns, SplitSettings(), seed=2).frame,
        same.where("a > 0"),
        same.withColumn("a", F.col("a").cast("long")),
        same.withColumnRenamed("a", "b"),
    ]
    found = [fingerprint(other, made.roles) for other in others]
    assert len({first, *found}) == 1 + len(others)


def test_a_fingerprint_sees_what_columns_are_for(table):
    made = prepare(table, ColumnsSettings(label="y", features=["a"]), SplitSettings(), seed=1)
    roles = made.roles
    others = [
        replace(roles, label="a", features=("y",)),
        replace(roles, features=(), text=("a",)),
        replace(roles, text=("a", "y")),
        replace(roles, text=("y", "a")),
    ]
    found = {fingerprint(made.frame, each) for each in (roles, *others)}
    assert len(found) == 1 + len(others)
    assert fingerprint(made.frame, replace(roles, key=("a",))) in found


def test_a_text_travels_with_the_table(spark):
    df = spark.createDataFrame(
        [(1, "x", None), (2, "y", "b c"), (2, "y", "b d")], "a int, y string, t string"
    )
    columns = ColumnsSettings(label="y", text="t", drop=["a"])
    rows = prepare(df, columns, SplitSettings(), seed=1).frame.collect()
    assert {row["t"] for row in rows} == {None, "b c", "b d"}
    assert len({row["row_id"] for row in rows}) == 3
    assert "a" not in rows[0].asDict()


def test_a_fingerprint_sees_content_beside_the_key(table):
    columns = ColumnsSettings(label="y", features=["a"], key=["k"])
    one, other = (
        prepare(df, columns, SplitSettings(), seed=1)
        for df in (table, table.withColumn("a", F.col("a") * 2))
    )
    assert fingerprint(one.frame, one.roles) != fingerprint(other.frame, other.roles)
