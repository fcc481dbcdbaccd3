"""Files that turn out to be unreadable while their rows are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from pipeline.data.unreadable import reading
from pipeline.errors import DataError


def _parts(spark: SparkSession, place: Path) -> list[Path]:
    spark.range(2000).repartition(2).write.parquet(str(place))
    for checksum in place.glob(".*.crc"):
        checksum.unlink()
    return sorted(place.glob("*.parquet"))


def _refused(spark: SparkSession, place: Path, **options: str) -> str:
    kind = "csv" if options else "parquet"
    with pytest.raises(DataError) as caught, reading(str(place)):
        spark.read.options(**options).format(kind).load(str(place)).write.format("noop").mode(
            "overwrite"
        ).save()
    return str(caught.value)


def test_a_file_that_was_cut_short_is_named(spark: SparkSession, tmp_path: Path) -> None:
    _, second = _parts(spark, tmp_path / "t")
    second.write_bytes(second.read_bytes()[:-100])
    said = _refused(spark, tmp_path / "t")
    assert said.startswith(f"{tmp_path}/t: file ")
    assert f"{second.name} is no Parquet file, or was cut short; write it again" in said


def test_a_damaged_file_is_named(spark: SparkSession, tmp_path: Path) -> None:
    first, _ = _parts(spark, tmp_path / "t")
    data = bytearray(first.read_bytes())
    data[20 : len(data) // 2] = b"\x07" * (len(data) // 2 - 20)
    first.write_bytes(data)
    assert f"{first.name} is damaged" in _refused(spark, tmp_path / "t")


def test_a_file_that_vanished_is_named(spark: SparkSession, tmp_path: Path) -> None:
    first, _ = _parts(spark, tmp_path / "t")
    frame = spark.read.parquet(str(tmp_path / "t"))
    first.unlink()
    with pytest.raises(DataError, match=f"{first.name} vanished"), reading("t"):
        frame.collect()


def test_a_row_that_is_not_as_the_others_is_shown(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a,b\n1,2\n3\n")
    said = _refused(spark, tmp_path / "t", header="true", mode="FAILFAST")
    assert "a row is not as the others (read as [3,null])" in said


def test_other_errors_pass(spark: SparkSession) -> None:
    with pytest.raises(Py4JJavaError), reading("t"):
        spark.range(1).selectExpr("raise_error('mine')").collect()
