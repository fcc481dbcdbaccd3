import math
import struct
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Matrices, MatrixUDT, Vectors, VectorUDT
from pyspark.mllib.linalg import Vectors as OldVectors
from pyspark.mllib.linalg import VectorUDT as OldVectorUDT
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import ArrayType, StructField, StructType

from pipeline.data.identity import row_hash, with_row_id
from pipeline.errors import DataError


def hashes(df):
    """The hash of each row, in the order in which the rows were given."""
    return [row[0] for row in df.select(row_hash(df, df.columns)).collect()]


def ids(df, **options):
    return [row["row_id"] for row in with_row_id(df, **options).collect()]


def all_differ(values):
    return len(set(values)) == len(values)


def test_duplicates_get_distinct_ids(spark):
    df = spark.createDataFrame([(1, "a")] * 5 + [(2, "b")], "n int, s string")
    found = with_row_id(df)
    assert found.columns == ["n", "s", "row_id"]
    assert found.schema["row_id"].dataType.simpleString() == "bigint"
    assert all_differ([row["row_id"] for row in found.collect()])


def test_ids_stay_what_they_are(spark):
    """Splits of published models rest on these numbers: a change is a breaking one."""
    schema = "n int, s string, x double, a array<int>"
    df = spark.createDataFrame([(1, "a", 0.5, [1]), (None, None, None, None)], schema)
    assert {row["n"]: row["row_id"] for row in with_row_id(df).collect()} == {
        1: -8501539007002295808,
        None: 120959150057747244,
    }


def test_swapped_nulls_differ(spark):
    df = spark.createDataFrame([(None, 1), (1, None), (None, None), (1, 1)], "a int, b int")
    assert all_differ(hashes(df))


def test_null_is_not_the_empty_string(spark):
    df = spark.createDataFrame(
        [("", None), (None, ""), ("", ""), (None, None)], "a string, b string"
    )
    assert all_differ(hashes(df))


def test_nulls_inside_arrays_and_structs_count(spark):
    rows = [
        *[
            ([[]],),
            ([None],),
            ([[], []],),
            ([[], None],),
            ([None, []],),
            ([[None]],),
            ([],),
            (None,),
        ],
        *[([[1]],), ([[1, None]],), ([[None, 1]],), ([[1], []],), ([[], [1]],), ([[1], None],)],
    ]
    assert all_differ(hashes(spark.createDataFrame(rows, "a array<array<int>>")))
    rows = [((None, 1),), ((1, None),), ((None, None),), (None,)]
    assert all_differ(hashes(spark.createDataFrame(rows, "s struct<x: int, y: int>")))


def test_where_an_array_ends_counts(spark):
    df = spark.createDataFrame([([1, 2], [3]), ([1], [2, 3])], "a array<int>, b array<int>")
    assert all_differ(hashes(df))


@pytest.mark.parametrize(("maker", "kind"), [(Vectors, VectorUDT), (OldVectors, OldVectorUDT)])
def test_dense_and_sparse_vectors_are_equal(spark, maker, kind):
    rows = [
        (maker.dense([0.0, 2.0, 0.0]),),
        (maker.sparse(3, [1], [2.0]),),
        (maker.sparse(3, [0, 1], [-0.0, 2.0]),),
        (maker.dense([0.0, 2.0]),),
        (None,),
    ]
    found = hashes(spark.createDataFrame(rows, StructType([StructField("v", kind())])))
    assert found[0] == found[1] == found[2]
    assert all_differ(found[2:])


def test_vectors_inside_arrays(spark):
    schema = StructType([StructField("a", ArrayType(VectorUDT()))])
    rows = [([Vectors.dense([1, 0]), None],), ([Vectors.sparse(2, [0], [1.0]), None],)]
    found = hashes(spark.createDataFrame([*rows, ([None, Vectors.dense([1, 0])],)], schema))
    assert found[0] == found[1] != found[2]


def test_zeros_are_equal_and_nans_are_equal(spark):
    other_nan = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    df = spark.createDataFrame([(0.0,), (-0.0,), (math.nan,), (other_nan,), (None,)], "x double")
    for frame in (df, df.select(F.col("x").cast("float"))):
        zero, minus_zero, nan, same_nan, null = hashes(frame)
        assert zero == minus_zero
        assert nan == same_nan
        assert all_differ([zero, nan, null])


def test_the_width_of_a_number_does_not_matter(spark):
    df = spark.createDataFrame([(7, 0.5)], "n int, x double")
    for n in ("tinyint", "smallint", "bigint"):
        narrow = df.select(F.col("n").cast(n), F.col("x").cast("float"))
        assert hashes(narrow) == hashes(df)


def test_the_order_of_columns_does_not_matter(spark):
    df = spark.createDataFrame([(1, 2)], "a int, b int")
    assert hashes(df) == hashes(df.select("b", "a"))
    assert hashes(df) != hashes(df.select(F.col("b").alias("a"), F.col("a").alias("b")))


def test_the_session_time_zone_does_not_matter(spark):
    seconds = [1383454800, 1383458400, 1383462000]  # around the end of summer time in New York
    df = spark.createDataFrame([(s,) for s in seconds], "s long")
    df = df.select(F.timestamp_seconds("s").alias("t"))
    before = spark.conf.get("spark.sql.session.timeZone")
    found = []
    try:
        for zone in ("America/New_York", "Asia/Kolkata"):
            spark.conf.set("spark.sql.session.timeZone", zone)
            found.append(hashes(df))
    finally:
        spark.conf.set("spark.sql.session.timeZone", before)
    assert found[0] == found[1]
    assert all_differ(found[0])


def test_partitions_and_row_order_do_not_matter(spark):
    """The id belongs to the row: also among copies, which differ in a column outside identity."""
    rows = [(i % 40, None if i % 3 else "x", i) for i in range(120)]
    df = spark.createDataFrame(rows, "n int, s string, i int")
    found = []
    for partitions, order in ((1, "i"), (4, "s"), (16, F.rand(3))):
        shuffled = df.orderBy(order).repartition(partitions)
        identified = with_row_id(shuffled, columns=["n", "s"])
        found.append({row["i"]: row["row_id"] for row in identified.collect()})
    assert all(a == b for a, b in pairwise(found))
    assert all_differ(list(found[0].values()))


def test_a_key_is_enough(spark):
    df = spark.createDataFrame(
        [(1, None, "u"), (None, 1, "v"), (None, None, "w")], "a int, b int, c string"
    )
    found = ids(df, key=["a", "b"])
    assert all_differ(found)
    assert found == ids(df.withColumn("c", F.lit("changed")), key=["b", "a"])


def test_repeated_keys_are_refused_with_counts(spark):
    rows = [(1, "a"), (1, "a"), (1, "a"), (2, None), (2, None), (3, "c")]
    df = spark.createDataFrame(rows, "k int, s string")
    with pytest.raises(DataError, match=r"2 keys are on more than one row \(5 rows in all\)") as e:
        with_row_id(df, key=["k", "s"])
    assert "k=1, s='a'" in str(e.value) or "k=2, s=None" in str(e.value)


def test_maps_are_refused_where_they_would_count(spark):
    df = spark.createDataFrame([(1, [{"a": 1}])], "n int, m array<map<string, int>>")
    with pytest.raises(DataError, match="column m: a map<string,int> cannot be part"):
        with_row_id(df)
    assert len(ids(df, columns=["n"])) == 1


def test_other_types_without_canonical_form_are_refused(spark):
    schema = StructType([StructField("m", MatrixUDT())])
    df = spark.createDataFrame([(Matrices.dense(1, 1, [0.0]),)], schema)
    with pytest.raises(DataError, match="column m: a "):
        with_row_id(df)


def test_names_are_checked(spark):
    with pytest.raises(DataError, match="did you mean id"):
        with_row_id(spark.range(1), columns=["idd"])
    with pytest.raises(DataError, match="key: no column k"):
        with_row_id(spark.range(1), key=["k"])
    with pytest.raises(DataError, match="the name is needed"):
        with_row_id(spark.range(1), name="id")


cells = st.none() | st.integers(-2, 2)
rows_of_cells = st.lists(
    st.tuples(
        cells, st.none() | st.text("ab", max_size=2), st.none() | st.lists(cells, max_size=2)
    ),
    min_size=1,
    max_size=40,
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows_of_cells)
def test_hashes_are_equal_exactly_when_rows_are(spark, rows):
    df = spark.createDataFrame(rows, "a int, b string, c array<int>")
    pairs = {(repr(row), value) for row, value in zip(rows, hashes(df), strict=True)}
    assert len(pairs) == len({row for row, _ in pairs}) == len({value for _, value in pairs})


def test_timestamps_without_zone_and_dates(spark):
    df = spark.createDataFrame(
        [(datetime(2013, 1, 1),), (datetime(2013, 1, 2),)], "t timestamp_ntz"
    )
    assert all_differ(hashes(df))
    assert all_differ(hashes(df.select(F.col("t").cast("date"))))
