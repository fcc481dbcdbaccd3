from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.data.source_options import OPTIONS, unknown_options

_CLASSES = {
    "csv": "catalyst.csv.CSVOptions",
    "json": "catalyst.json.JSONOptions",
    "parquet": "execution.datasources.parquet.ParquetOptions",
    "orc": "execution.datasources.orc.OrcOptions",
}


@pytest.mark.parametrize("kind", sorted(OPTIONS))
def test_the_options_are_those_of_this_spark(spark: SparkSession, kind: str) -> None:
    place: Any = spark._jvm.org.apache.spark.sql  # type: ignore[union-attr]
    for part in _CLASSES[kind].split("."):
        place = getattr(place, part)
    theirs = place.getAllOptions().mkString(",").split(",")
    assert set(theirs) == OPTIONS[kind]


def test_names_are_compared_as_spark_does() -> None:
    assert unknown_options("csv", ["HEADER", "Sep", "pathglobfilter", "fs.s3a.endpoint"]) == []
    assert unknown_options("table", ["anything"]) == []


def test_the_nearest_option_is_named() -> None:
    (near,) = unknown_options("csv", ["seperator"])
    assert near == "options: seperator is no option of Spark's csv reader; did you mean sep?"
    assert unknown_options("csv", ["delimeter"])[0].endswith("did you mean delimiter?")
    (far,) = unknown_options("orc", ["xyz"])
    assert far.endswith("modifiedBefore, orc.compress, pathGlobFilter, recursiveFileLookup")
