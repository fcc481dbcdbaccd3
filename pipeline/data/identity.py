"""A row has an identity: a 64-bit id from its content, or from its key, and nothing else.

The id does not depend on the number of partitions, the order of rows or columns, the session's
time zone, or a random number; so splits and samples drawn by it can be drawn again on another
cluster. Spark's own `xxhash64` does the work, after each value has been made canonical.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.mllib.linalg import VectorUDT as OldVectorUDT
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    ArrayType,
    DataType,
    FloatType,
    IntegralType,
    MapType,
    StructType,
    UserDefinedType,
)

from pipeline.data.names import column, require, require_free
from pipeline.errors import DataError

_HASH, _ORDER = "__row_hash", "__row_order"


def with_row_id(
    df: DataFrame,
    columns: Sequence[str] | None = None,
    key: Sequence[str] = (),
    name: str = "row_id",
) -> DataFrame:
    """Add a column that identifies each row.

    Without `key`, rows that are equal in `columns` get distinct ids: each is numbered among its
    equals, ordered by a second hash over all columns, so rows that differ anywhere keep their ids
    under every partitioning. Many copies of one row are numbered in one task.

    Parameters
    ----------
    df : DataFrame
        Any table; a column of maps has no order and can only stand outside `columns` and `key`.
    columns : sequence of str, optional
        What the identity is made of; all columns by default. Not used when `key` is given.
    key : sequence of str
        Columns that name a row, together unique. They may hold nulls; a null equals a null.
    name : str
        Name of the new column, a 64-bit long.

    Returns
    -------
    DataFrame
        `df` and the new column. Lazy, except that a `key` is checked at once, by one Spark job.

    Raises
    ------
    DataError
        For unknown columns, maps, a name that is taken, and keys that are not unique. Two
        different keys of one hash count as not unique; for n rows the chance is n²/2⁶⁵.
    """
    require_free(df, name)
    if key:
        require(df, key, "key")
        identified = df.withColumn(name, row_hash(df, key))
        _require_unique(identified, key, name)
        return identified
    chosen = df.columns if columns is None else columns
    require(df, chosen, "row identity")
    ordering = [field.name for field in df.schema.fields if not _holds_map(field.dataType)]
    hashed = df.withColumns({_HASH: row_hash(df, chosen), _ORDER: row_hash(df, ordering, salt=1)})
    number = F.row_number().over(Window.partitionBy(_HASH).orderBy(_ORDER))
    # With the number fixed, this is one-to-one in the first hash: no collisions are added among
    # rows that are the first of their kind, which are nearly all.
    return hashed.withColumn(name, F.xxhash64(_HASH, number)).drop(_HASH, _ORDER)


def row_hash(df: DataFrame, columns: Sequence[str], salt: int = 0) -> Column:
    """A 64-bit hash of the rows' values in `columns`; equal rows have equal hashes.

    Columns count in the order of their names. Nulls count with their place, vectors as their
    dense values, integers and floats of any width as the widest, -0.0 as 0.0, every NaN as one.

    Parameters
    ----------
    df : DataFrame
        Where the columns' types are looked up.
    columns : sequence of str
        What is hashed.
    salt : int
        Another number gives an independent hash.

    Raises
    ------
    DataError
        For a column that holds maps, or another type without canonical form.
    """
    parts = [F.lit(salt)]
    for position, name in enumerate(sorted(columns)):
        value, kind = column(name), df.schema[name].dataType
        # `xxhash64` skips nulls; the mark makes (null, 1) and (1, null) differ.
        parts += [F.lit(position), value.isNull(), _canonical(value, kind, name)]
    return F.xxhash64(*parts)


def _canonical(value: Column, kind: DataType, place: str) -> Column:
    """`value` in a form whose `xxhash64` is equal exactly for equal values.

    Spark hashes a timestamp by its UTC instant, and takes -0.0 for 0.0 and all NaNs for one.
    """
    if isinstance(kind, VectorUDT | OldVectorUDT):
        return F.when(value.isNotNull(), vector_to_array(value))  # it refuses nulls
    if isinstance(kind, MapType | UserDefinedType):
        raise DataError(
            f"column {place}: a {kind.simpleString()} cannot be part of a row's identity; "
            "name it in columns.drop, or turn it into columns or an array"
        )
    if isinstance(kind, ArrayType):
        return _canonical_array(value, kind.elementType, place)
    if isinstance(kind, StructType):
        return _canonical_struct(value, kind, place)
    if isinstance(kind, IntegralType):
        return value.cast("long")
    if isinstance(kind, FloatType):
        return value.cast("double")
    return value


def _canonical_array(value: Column, element: DataType, place: str) -> Column:
    marked = F.transform(
        value, lambda item: F.struct(item.isNull(), _canonical(item, element, place))
    )
    # The size tells [[1], []] from [[1, …]]: the hash itself does not see where an array ends.
    return F.when(value.isNotNull(), F.struct(F.size(value), marked))


def _canonical_struct(value: Column, kind: StructType, place: str) -> Column:
    parts: list[Column] = [F.lit(len(kind.fields))]
    for field in kind.fields:
        inner = value.getField(field.name)
        parts += [inner.isNull(), _canonical(inner, field.dataType, f"{place}.{field.name}")]
    return F.when(value.isNotNull(), F.struct(*parts))


def _holds_map(kind: DataType) -> bool:
    """Whether a type has no canonical form, itself or deeper inside."""
    if isinstance(kind, VectorUDT | OldVectorUDT):
        return False
    if isinstance(kind, ArrayType):
        return _holds_map(kind.elementType)
    if isinstance(kind, StructType):
        return any(_holds_map(field.dataType) for field in kind.fields)
    return isinstance(kind, MapType | UserDefinedType)


def _require_unique(identified: DataFrame, key: Sequence[str], name: str) -> None:
    example = F.struct(*[column(part) for part in key])
    groups = identified.groupBy(column(name).alias("id")).agg(
        F.count("*").alias("rows"), F.first(example).alias("example")
    )
    found = (
        groups.where("rows > 1")
        .agg(F.count("*").alias("keys"), F.sum("rows"), F.min_by("example", "id"))
        .collect()[0]
    )
    if found["keys"]:
        keys = "1 key is" if found["keys"] == 1 else f"{found['keys']} keys are"
        shown = ", ".join(f"{part}={value!r}" for part, value in zip(key, found[2], strict=True))
        raise DataError(
            f"key ({', '.join(key)}): {keys} on more than one row ({found[1]} "
            f"rows in all), for example {shown}; add a column to columns.key, or remove the rows"
        )
