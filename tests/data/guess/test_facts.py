import datetime as dt
import math
from decimal import Decimal

import pytest
from pyspark.ml.linalg import Vectors

from pipeline.data.guess.facts import column_facts, count_values, rarest

SCHEMA = """
    i int, d double, f float, e decimal(6,2), b boolean, s string, day date, at timestamp,
    v array<double>, m map<string,int>, n void
"""
NAN, INF = math.nan, math.inf
AT = dt.datetime(2024, 5, 1, 12, 30)
ROWS = [
    (1, 1.5, 2.0, Decimal("1.50"), True, "ab", dt.date(2024, 5, 1), AT, [1.0, 2.0], {"a": 1}, None),
    (2, NAN, 3.0, Decimal("2.00"), None, "", dt.date(2024, 4, 1), None, [1.0], None, None),
    (3, -INF, None, None, True, None, None, None, [INF, 2.0, 3.0], None, None),
    (4, 1e39, 2.0, Decimal("1.50"), False, "abcd", None, None, None, None, None),
]


@pytest.fixture(scope="module")
def facts(spark):
    return {fact.name: fact for fact in column_facts(spark.createDataFrame(ROWS, SCHEMA))}


def of(fact, *names):
    return tuple(getattr(fact, name) for name in names)


def test_each_type_has_a_meaning(facts):
    assert {name: fact.kind for name, fact in facts.items()} == {
        **dict.fromkeys("idfe", "number"),
        "b": "boolean",
        "s": "text",
        "day": "time",
        "at": "time",
        "v": "vector",
        "m": "nested",
        "n": "null",
    }
    assert of(facts["e"], "type", "rows") == ("decimal(6,2)", 4)


def test_null_nan_and_infinite_are_told_apart_and_are_no_values(facts):
    assert of(facts["d"], "nulls", "nans", "infinite", "missing") == (0, 1, 2, 1)
    assert of(facts["d"], "distinct", "least", "greatest") == (3, -INF, 1e39)
    assert of(facts["f"], "nulls", "distinct", "missing") == (1, 2, 1)


def test_whole_numbers_are_known_in_every_type(facts):
    assert of(facts["i"], "is_whole", "is_unique", "least", "greatest") == (True, True, 1, 4)
    assert facts["f"].is_whole
    assert not facts["e"].is_whole


def test_few_values_are_all_there_sorted(facts):
    assert facts["s"].values == ("", "ab", "abcd")
    assert facts["b"].values == (False, True)
    assert facts["e"].values == (Decimal("1.50"), Decimal("2.00"))


def test_lengths_of_texts_and_vectors(facts):
    assert of(facts["s"], "shortest", "longest") == (0, 4)
    assert of(facts["v"], "shortest", "longest", "nulls", "infinite") == (1, 3, 1, 1)


def test_times_are_told_as_they_are_written(facts):
    assert of(facts["day"], "least", "greatest") == ("2024-04-01", "2024-05-01")
    assert facts["at"].least.startswith("2024-05-01 ")


def test_types_that_are_only_counted(facts):
    assert of(facts["m"], "nulls", "distinct", "values") == (3, 0, ())
    assert of(facts["n"], "nulls", "distinct") == (4, 0)


def test_sparse_and_dense_vectors_and_null(spark):
    rows = [(Vectors.dense([1.0, INF]),), (Vectors.sparse(2, {0: 1.0}),), (None,)]
    [fact] = column_facts(spark.createDataFrame(rows, ["v"]))
    assert of(fact, "kind", "shortest", "longest", "nulls", "infinite") == ("vector", 2, 2, 1, 1)


def test_odd_names_and_more_columns_than_are_asked_at_once(spark):
    names = ["a.b", "with `tick`", "", "ä\n", "A", "a", *[f"c{n}" for n in range(20)]]
    df = spark.createDataFrame([tuple(range(26)), tuple(range(1, 27))]).toDF(*names)
    found = column_facts(df)
    assert [fact.name for fact in found] == names
    assert [fact.least for fact in found] == list(range(26))


def test_many_values_are_shown_by_some_of_the_first(spark):
    [fact] = column_facts(spark.range(100).coalesce(1))
    assert of(fact, "distinct", "values") == (100, (0, 1, 2))


def test_a_table_without_rows_has_facts_of_nothing(spark):
    [fact] = column_facts(spark.createDataFrame([], "a double"))
    assert of(fact, "rows", "distinct", "least", "is_unique") == (0, 0, None, False)


def test_pairs_of_values_are_counted_with_null_as_a_value(spark):
    rows = [("x", 1, 1), ("x", 1, 2), ("y", None, 1), ("y", None, None)]
    df = spark.createDataFrame(rows, "y string, a int, b int")
    assert count_values(df, [1, 2], 0) == {1: 2, 2: 4}
    assert count_values(df, [], 0) == {}


def test_the_rarest_value_and_its_rows(spark):
    df = spark.createDataFrame([("x",), ("y",), ("x",)], ["y.z"])
    assert rarest(df, 0) == ("y", 1)
