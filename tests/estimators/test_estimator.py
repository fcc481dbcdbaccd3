"""What a fit refuses, and what it reads: roles, validation marks, identities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.errors import DataError, UserError
from tests.estimators.samples import FEATURES, TRAINERS, frame, table


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    found = frame(spark, table(40)).cache()
    yield found
    found.unpersist()


def _fit(rows: DataFrame, **params: Any) -> Any:
    given = {"featuresCols": FEATURES, "labelCol": "text", **params}
    return TRAINERS["bagging"].make(replicas=1, **given).fit(rows)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"featuresCols": ["a", "text"]}, "column text has two roles"),
        ({"featuresCols": ["a", "a"]}, "named more than once: a"),
        ({"weightCol": "text"}, "more than once: text"),
        (
            {"weightCol": "c", "featuresCols": ["a"]},
            "columns.weight: c is of type string; it must be a n",
        ),
        ({"rowIdCol": "c"}, "rowIdCol: c is string; it must be a whole number"),
        ({"validationIndicatorCol": "c"}, "validationIndicatorCol: c is string; it must be a bool"),
        ({"validationIndicatorCol": "latr"}, "no column latr in the table; did you mean later"),
        ({"rowIdCol": "idd"}, "no column idd in the table; did you mean id"),
        ({"keyCols": ["c", "flag"]}, "keys are on more than one row"),
        ({"labelCol": "texts"}, "no column texts in the table; did you mean text"),
    ],
)
def test_wrong_columns_are_clear_errors(
    rows: DataFrame, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        _fit(rows, **params)


def test_columns_of_other_types_are_refused(rows: DataFrame) -> None:
    dated = rows.withColumn("at", F.current_timestamp())
    with pytest.raises(
        UserError, match=r"columns.features: at is of type timestamp; make numbers of it"
    ):
        _fit(dated, featuresCols=["a", "at"])
    with pytest.raises(DataError, match=r"columns.vector: a is of type double; it must be a vec"):
        _fit(dated, featuresCols=None, featuresCol="a")


def test_infinite_numbers_are_refused(rows: DataFrame, tmp_path: Path) -> None:
    wrong = rows.withColumn("a", F.when(F.col("b") > 0, float("inf")).otherwise(F.col("a")))
    with pytest.raises(DataError, match=r"column a: .* infinite values .*replace them by null"):
        _fit(wrong, scratchDir=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_validation_marks_must_leave_rows_on_both_sides(rows: DataFrame) -> None:
    marked = rows.withColumn("all", F.lit(True)).withColumn("none", F.lit(None).cast("boolean"))
    with pytest.raises(DataError, match="every row is marked for validation"):
        _fit(marked, validationIndicatorCol="all")
    with pytest.raises(DataError, match="no row is marked for validation in column none"):
        _fit(marked, validationIndicatorCol="none")


def test_identity_comes_from_a_column_or_a_key(rows: DataFrame) -> None:
    by_column, by_key = (
        _fit(rows, **p).metadata for p in ({"rowIdCol": "id"}, {"keyCols": ["id"]})
    )
    assert by_column["rows"] == by_key["rows"] == {"train": 40, "validation": 0}
    assert by_column["data_fingerprint"] != by_key["data_fingerprint"]
