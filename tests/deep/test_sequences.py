"""Sequences of one length, from columns and from rows of a group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.deep import DeepClassifier
from pipeline.deep.sequences import SequenceAssembler, SequencePadder
from pipeline.errors import DataError, UserError

NAN = float("nan")


def _found(frame: DataFrame, order: str = "id") -> Any:
    return np.array([row.features for row in frame.orderBy(order).collect()])


def test_the_last_steps_of_a_column_with_nan_before_them(spark: SparkSession) -> None:
    rows = [(1, [1.0, 2.0, 3.0, 4.0]), (2, [5.0]), (3, []), (4, None), (5, [6.0, None])]
    frame = spark.createDataFrame(rows, "id int, s array<double>")
    found = _found(SequencePadder(inputCol="s", length=3).transform(frame))
    expected = [[2, 3, 4], [NAN, NAN, 5], [NAN] * 3, [NAN] * 3, [NAN, 6, NAN]]
    assert np.array_equal(found, np.array(expected), equal_nan=True)


def test_steps_of_several_channels(spark: SparkSession, tmp_path: Path) -> None:
    rows = [(1, [[1, 2], [3, 4], [5, 6]]), (2, [[7, 8]])]
    frame = spark.createDataFrame(rows, "id int, s array<array<int>>")
    padder = SequencePadder(inputCol="s", length=2, channels=2)
    padder.save(str(tmp_path / "padder"))
    found = _found(SequencePadder.load(str(tmp_path / "padder")).transform(frame))
    expected = [[3, 4, 5, 6], [NAN, NAN, 7, 8]]
    assert np.array_equal(found, np.array(expected), equal_nan=True)
    with pytest.raises(Exception, match="s: a step has not 3 channels"):
        SequencePadder(inputCol="s", channels=3).transform(frame).collect()


def test_what_is_no_sequence_is_refused(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "a")], "id int, s string")
    with pytest.raises(DataError, match="inputCol: s is string; it must be an array of numbers"):
        SequencePadder(inputCol="s").transform(frame)
    with pytest.raises(DataError, match="inputCols: s is string; it must be a number"):
        SequenceAssembler(inputCols=["s"], groupCols=["id"], orderCol="id").transform(frame)
    with pytest.raises(UserError, match="length must be 1 or more"):
        SequencePadder(inputCol="s", length=0).transform(frame)


def _readings(spark: SparkSession) -> DataFrame:
    rows = [("a", 3, 30.0, 3), ("b", 1, 7.0, 0), ("a", 1, 10.0, 1), ("a", 2, None, 2)]
    return spark.createDataFrame(rows, "device string, t int, x double, y int")


@pytest.mark.parametrize("partitions", [1, 4])
def test_the_rows_before_a_row_in_its_group(spark: SparkSession, partitions: int) -> None:
    assembler = SequenceAssembler(
        inputCols=["x", "y"], groupCols=["device"], orderCol="t", length=2
    )
    frame = assembler.transform(_readings(spark).repartition(partitions))
    found = {(row.device, row.t): row.features for row in frame.collect()}
    expected = {
        ("a", 1): [NAN, NAN, 10, 1],
        ("a", 2): [10, 1, NAN, 2],
        ("a", 3): [NAN, 2, 30, 3],
        ("b", 1): [NAN, NAN, 7, 0],
    }
    assert set(found) == set(expected)
    for key, values in expected.items():
        assert np.array_equal(found[key], values, equal_nan=True)


@pytest.mark.slow
def test_a_recurrent_network_learns_from_rows_in_the_order_of_time(spark: SparkSession) -> None:
    """The label is whether the number three rows before was positive: no row knows its own."""
    rows = spark.range(1_600).select(
        "id",
        (F.col("id") % 8).alias("device"),
        ((F.xxhash64("id") % 1000) / 500.0).alias("x"),
    )
    sequences = SequenceAssembler(
        inputCols=["x"], groupCols=["device"], orderCol="id", length=5
    ).transform(rows)
    labelled = sequences.withColumn("y", (F.col("features")[1] > 0).cast("int")).cache()
    model = DeepClassifier(
        featuresCol="features",
        labelCol="y",
        rowIdCol="id",
        network="recurrent",
        cell="gru",
        hidden=[12],
        epochs=15,
        batch_size=64,
        learning_rate=0.02,
        dropout=0.0,
        validation_fraction=0.25,
    ).fit(labelled)
    assert max(row["validation.accuracy"] for row in model.history) > 0.9
    scored = model.transform(labelled)
    assert scored.where("prediction = y").count() > 0.9 * 1_600
