"""Reading a table from where the configuration says it is."""

from __future__ import annotations

import logging
import re

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline import files
from pipeline.data import flights
from pipeline.data.names import column
from pipeline.data.settings import SourceSettings
from pipeline.errors import DataError

_log = logging.getLogger(__name__)

_CORRUPT = "_corrupt_record"
_CSV_DEFAULTS: dict[str, str | bool | int | float] = {"header": True, "inferSchema": True}
# pandas writes a frame's index to Parquet under this name; it numbers rows and means nothing.
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read(spark: SparkSession, source: SourceSettings) -> DataFrame:
    """The table that `source` names, with the columns as they are stored.

    CSV files are read with a header and inferred types unless `options` say otherwise. A pandas
    index column is dropped.

    Raises
    ------
    DataError
        When it is missing, of another format, without columns, or cannot be read.
    """
    if source.kind == "flights":
        return flights.load(spark)
    place = source.table or _hadoop_path(source.uri or "")
    try:
        df = _read(spark, source, place)
        empty = not df.columns
    except (PySparkException, Py4JJavaError) as error:
        raise DataError(_sentence(source, place, error)) from error
    if empty or df.columns == [_CORRUPT]:
        raise DataError(f"{place}: no {source.kind} table in it; {_ADVICE_FORMAT}")
    if source.kind == "json" and _CORRUPT in df.columns:
        _refuse_corrupt(df, place)
    return _without_pandas_index(df, place)


def location(source: SourceSettings) -> str:
    """Where a source is, for messages."""
    return source.table or source.uri or source.kind


def _read(spark: SparkSession, source: SourceSettings, place: str) -> DataFrame:
    options = dict(source.options)
    if source.kind == "csv":
        given = {key.lower() for key in options}  # Spark's options do not regard case
        options |= {k: v for k, v in _CSV_DEFAULTS.items() if k.lower() not in given}
    reader = spark.read.options(**options)
    if source.kind == "table":
        return reader.table(place)
    return reader.format(source.kind).load(place)


def _refuse_corrupt(df: DataFrame, place: str) -> None:
    """Say how many lines Spark could not parse, and put into a column that nobody asked for."""
    bad = F.count_if(column(_CORRUPT).isNotNull())
    # Spark counts nothing in this column alone; another must be read with it.
    others = [F.count(column(name)) for name in df.columns if name != _CORRUPT][:1]
    rows = df.agg(bad, F.count("*"), *others).collect()[0]
    raise DataError(
        f"{place}: {rows[0]} of {rows[1]} records are no JSON; mend them, or leave them out by "
        "source.options {mode: DROPMALFORMED}"
    )


def _hadoop_path(uri: str) -> str:
    """The URI as Hadoop reads it: a local path in the clear, so that spaces and globs work."""
    return f"file://{files.local_path(uri)}" if files.is_local(uri) else uri


_ADVICE_FORMAT = "check source.uri, source.kind and, for csv and json, source.options"

# What Spark says, and what it means for the user; the first that occurs is taken.
_MEANINGS = (
    ("PATH_NOT_FOUND", "nothing is there; check source.uri"),
    ("TABLE_OR_VIEW_NOT_FOUND", "no such table in the catalog; check source.table"),
    ("INVALID_IDENTIFIER", "not a table's name; put odd names in backquotes in source.table"),
    ("UNABLE_TO_INFER_SCHEMA", f"no file with a schema is there; {_ADVICE_FORMAT}"),
    ("CANNOT_READ_FILE_FOOTER", f"not a file of this format, or damaged; {_ADVICE_FORMAT}"),
    ("CANNOT_PARSE_DATATYPE", "a column has a type without a use here (an interval?); drop it"),
    ("No FileSystem for scheme", "the cluster cannot read this kind of URI; use another scheme"),
    ("AccessDenied", "access is denied; give the cluster's role the right to read it"),
)


# The same, with what the sentence is about.
_TELLING = (
    (
        r"COLUMN_ALREADY_EXISTS\] The column (`.+?`) already",
        "more than one column is named {} (case does not count); rename them",
    ),
    (
        r"Illegal Parquet type: INT64 \((TIMESTAMP\(NANOS.*?\))\)",
        "a column is {}, and Spark reads no nanoseconds; write it in microseconds (pandas: "
        'to_parquet(…, coerce_timestamps="us"))',
    ),
    (
        r"Illegal Parquet type: (.+?)\.?(?:;|$)",
        "Spark reads no columns of type {}; write them as numbers, text or timestamps",
    ),
)
# Before the reason: the stage that failed, and the exceptions' classes.
_CLASSES = re.compile(r"^.*(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error): ")


def _sentence(source: SourceSettings, place: str, error: Exception) -> str:
    text = str(error)
    for pattern, meaning in _TELLING:
        if found := re.search(pattern, text, re.MULTILINE):
            return f"{place}: cannot be read as {source.kind}: {meaning.format(found[1])}"
    for mark, meaning in _MEANINGS:
        if mark in text:
            return f"{place}: cannot be read as {source.kind}: {meaning}"
    return f"{place}: cannot be read as {source.kind}: {_cause(text)}; {_ADVICE_FORMAT}"


def _cause(text: str) -> str:
    """The first line that says something: py4j puts its own before it, a Java trace after it."""
    lines = [line.strip(" :\t") for line in text.splitlines()]
    telling = [line for line in lines if line and not line.startswith("An error occurred while")]
    return _CLASSES.sub("", telling[0]).rstrip(".;") if telling else "Spark gives no reason"


def _without_pandas_index(df: DataFrame, place: str) -> DataFrame:
    found = [name for name in df.columns if _PANDAS_INDEX.fullmatch(name)]
    if found:
        _log.info("%s: dropped %s, an index that pandas wrote", place, ", ".join(found))
    return df.drop(*found)
