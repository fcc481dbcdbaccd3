"""Which rows train, which choose, which judge: by the rows' identity, or by time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    DataType,
    DateType,
    DoubleType,
    FloatType,
    NumericType,
    TimestampNTZType,
    TimestampType,
)

from pipeline.data.names import column, require, require_free
from pipeline.data.settings import SplitSettings
from pipeline.errors import DataError

SPLITS = ("train", "validation", "test")


def with_split(
    df: DataFrame,
    split: SplitSettings,
    seed: int,
    row_id: str = "row_id",
    name: str = "split",
) -> DataFrame:
    """Add a string column: `train`, `validation` or `test`.

    Parameters
    ----------
    df : DataFrame
        A table with row ids.
    split : SplitSettings
        The shares, and `by_time`.
    seed : int
        Another seed draws another split; not used by `by_time`.
    row_id : str
        The column of ids, 64-bit longs.
    name : str
        Name of the new column.

    Returns
    -------
    DataFrame
        By identity it is lazy, and the shares are met as closely as chance allows. By time the
        boundaries are found at once, by one Spark job; rows of equal time are never parted, so
        shares are met as closely as ties allow.

    Raises
    ------
    DataError
        For a missing column, a name that is taken, a time column of a type without order or with
        nulls, and a table without rows.
    """
    require_free(df, name)
    if split.by_time is not None:
        return df.withColumn(name, _by_time(df, split, split.by_time))
    require(df, [row_id], "row id")
    place = uniform(column(row_id), seed)
    return df.withColumn(name, _choose(place < split.train, place < split.train + split.validation))


def uniform(row_id: Column, seed: int) -> Column:
    """A number in [0, 1) for each row id, a double; the same on every cluster.

    Parameters
    ----------
    row_id : Column
        64-bit longs.
    seed : int
        Another seed gives independent numbers.
    """
    # A double holds 53 bits exactly; more of the hash would round up to 1.
    bits = F.shiftrightunsigned(F.xxhash64(F.lit(seed).cast("long"), row_id), 11)
    return bits.cast("double") * F.lit(2.0**-53)


def require_nonempty(counts: Mapping[str, int]) -> None:
    """Refuse splits without rows.

    Parameters
    ----------
    counts : mapping of str to int
        Rows in each split.

    Raises
    ------
    DataError
        Naming the empty ones.
    """
    empty = [split for split in SPLITS if not counts.get(split)]
    if empty:
        raise DataError(
            f"split: no rows in {', '.join(empty)} (of {sum(counts.values())} rows in all); give "
            "it a larger share, use more rows, or split by a column with more distinct values"
        )


def _choose(is_train: Column, is_validation: Column) -> Column:
    return F.when(is_train, "train").when(is_validation, "validation").otherwise("test")


def _by_time(df: DataFrame, split: SplitSettings, by: str) -> Column:
    require(df, [by], "split.by_time")
    kind = df.schema[by].dataType
    time = _ordered(by, kind)
    facts = _boundaries(df, time, split, kind)
    if facts["total"] is None:
        raise DataError(f"split.by_time: no rows to split by {by}; is the source empty?")
    if facts["unknown"]:
        raise DataError(
            f"split.by_time: column {by} is null or NaN in {facts['unknown']} of {facts['total']} "
            "rows; remove these rows, fill in the time, or leave by_time out"
        )
    return _choose(time <= F.lit(facts["first"]), time <= F.lit(facts["second"]))


def _ordered(by: str, kind: DataType) -> Column:
    """The column in a type that keeps its order and comes to the driver unharmed.

    A timestamp would pass through the driver's own time zone, where an autumn hour occurs twice.
    """
    time = column(by)
    if isinstance(kind, TimestampType):
        return F.unix_micros(time)
    if isinstance(kind, TimestampNTZType):
        return time.cast("string")  # year first: sorts as the time does
    if isinstance(kind, DateType | NumericType):
        return time
    raise DataError(
        f"split.by_time: column {by} is {kind.simpleString()}; it must be a timestamp, a date or "
        "a number: cast it, or name another column"
    )


def _boundaries(
    df: DataFrame, time: Column, split: SplitSettings, kind: DataType
) -> dict[str, Any]:
    """The last times of train (`first`) and validation (`second`), and the rows counted.

    These are exact percentiles; one task sorts the distinct times, on disk when they are many.
    """
    distinct, rows, total = F.col("time"), F.col("rows"), F.col("total")
    unknown = distinct.isNull()
    if isinstance(kind, FloatType | DoubleType):
        unknown = unknown | F.isnan(distinct)
    counted = (
        df.groupBy(time.alias("time"))
        .agg(F.count("*").alias("rows"))
        .withColumn("upto", F.sum("rows").over(Window.orderBy("time")))
        .withColumn("total", F.sum("rows").over(Window.partitionBy()))
    )

    def reached(share: float) -> Column:
        wanted = F.greatest(F.round(share * total), F.lit(1))
        return F.min(F.when(F.col("upto") >= wanted, distinct))

    found = counted.agg(
        F.max(total).alias("total"),
        F.sum(F.when(unknown, rows)).alias("unknown"),
        reached(split.train).alias("first"),
        reached(split.train + split.validation).alias("second"),
    )
    return found.collect()[0].asDict()
