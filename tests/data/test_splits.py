from datetime import datetime

import pytest
from pyspark.sql import functions as F  # noqa: N812

from pipeline.data.identity import with_row_id
from pipeline.data.settings import SplitSettings
from pipeline.data.splits import SPLITS, require_nonempty, uniform, with_split
from pipeline.errors import DataError

SHARES = SplitSettings(train=0.6, validation=0.3, test=0.1)


def count_splits(df):
    found = {row["split"]: row["count"] for row in df.groupBy("split").count().collect()}
    return {split: found.get(split, 0) for split in SPLITS}


def by(name):
    return SplitSettings(train=0.6, validation=0.3, test=0.1, by_time=name)


def test_shares_are_close_and_independent_of_partitions(spark):
    rows = 20_000
    df = with_row_id(spark.range(rows))
    wide, narrow = (
        {row["id"]: row["split"] for row in with_split(frame, SHARES, seed=1).collect()}
        for frame in (df.repartition(16), df.coalesce(1))
    )
    assert wide == narrow
    for split, share in (("train", 0.6), ("validation", 0.3), ("test", 0.1)):
        found = list(wide.values()).count(split) / rows
        assert found == pytest.approx(share, abs=4 * (share * (1 - share) / rows) ** 0.5)


def test_another_seed_draws_another_split(spark):
    df = with_row_id(spark.range(200))
    first, again, other = (
        [row["split"] for row in with_split(df, SHARES, seed).orderBy("id").collect()]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_uniform_is_below_one_and_even(spark):
    u = spark.range(10_000).select(uniform(F.col("id"), 5).alias("u"))
    least, greatest, mean, spread = u.agg(F.min("u"), F.max("u"), F.mean("u"), F.std("u")).first()
    assert 0 <= least < 0.001
    assert 0.999 < greatest < 1
    assert mean == pytest.approx(0.5, abs=0.01)
    assert spread == pytest.approx(12**-0.5, abs=0.005)


@pytest.mark.parametrize(
    "time",
    [
        "id",
        "id / 3D - 20",
        "CAST(id AS decimal(20, 3))",
        "date_add(DATE'2013-01-01', CAST(id AS int))",
        "timestamp_seconds(id * 1800 + 1383368400)",  # half hours, over a change of clocks
        "CAST(timestamp_seconds(id * 1800) AS timestamp_ntz)",
    ],
    ids=["long", "double", "decimal", "date", "timestamp", "timestamp_ntz"],
)
def test_by_time_in_order_and_exact(spark, time):
    df = spark.range(100).withColumn("t", F.expr(time)).orderBy(F.rand(1))
    found = with_split(df, by("t"), seed=0).orderBy("id").collect()
    assert [row["split"] for row in found] == ["train"] * 60 + ["validation"] * 30 + ["test"] * 10


def test_rows_of_equal_time_are_not_parted(spark):
    df = spark.range(100).withColumn("t", F.floor(F.col("id") / 7))
    split = with_split(df, by("t"), seed=0)
    assert split.groupBy("t").agg(F.count_distinct("split").alias("n")).where("n > 1").count() == 0
    assert count_splits(split) == {"train": 63, "validation": 28, "test": 9}


def test_nulls_in_time_are_refused_with_a_count(spark):
    df = spark.createDataFrame([(1.0,), (None,), (float("nan"),)], "t double")
    with pytest.raises(DataError, match="column t is null or NaN in 2 of 3 rows"):
        with_split(df, by("t"), seed=0)


@pytest.mark.parametrize("kind", ["string", "boolean", "array<int>"])
def test_times_without_order_are_refused(spark, kind):
    df = spark.createDataFrame([], f"t {kind}")
    with pytest.raises(DataError, match="must be a timestamp, a date or a number"):
        with_split(df, by("t"), seed=0)


def test_missing_columns_and_empty_tables(spark):
    empty = spark.createDataFrame([], "t timestamp")
    with pytest.raises(DataError, match="no rows to split"):
        with_split(empty, by("t"), seed=0)
    with pytest.raises(DataError, match="by_time: no column time"):
        with_split(empty, by("time"), seed=0)
    with pytest.raises(DataError, match="row id: no column row_id"):
        with_split(empty, SHARES, seed=0)


def test_empty_splits_are_named(spark):
    one_time = spark.createDataFrame([(datetime(2013, 1, 1),)] * 3, "t timestamp")
    counts = count_splits(with_split(one_time, by("t"), seed=0))
    assert counts == {"train": 3, "validation": 0, "test": 0}
    with pytest.raises(DataError, match=r"no rows in validation, test \(of 3 rows"):
        require_nonempty(counts)
    require_nonempty({"train": 1, "validation": 1, "test": 1})
