"""What is in each column of a table, counted by Spark: the ground that guesses stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegralType,
    NullType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

Kind: TypeAlias = Literal["number", "boolean", "text", "time", "vector", "null", "nested"]

MOST_VALUES = 20
"""A column with no more different values has all of them in its facts."""

# Trainers compute in float32, where what is beyond this is infinite.
_GREATEST = 3.4028234663852886e38
# Each of them holds a set of its values' hashes in memory.
_COLUMNS_AT_ONCE = 16
_EXAMPLES = 3
_HEAD = 50


@dataclass(frozen=True)
class ColumnFacts:
    """What is in one column, in the rows that were looked at.

    Attributes
    ----------
    name, type : str
        The column's name, and its type as Spark writes it.
    kind : str
        What the type means here: `number`, `boolean`, `text`, `time` (dates too), `vector`
        (arrays of numbers too), `null` (never a value), `nested` (all others).
    rows : int
        Rows looked at.
    nulls, nans, infinite : int
        Rows that hold null, NaN, an infinite number or one beyond float32.
    distinct : int
        Different values; null and NaN are none. Not counted (0) in `vector` and `nested`.
    least, greatest : object, optional
        Of the values; NaN does not count.
    is_whole : bool
        Whether all numbers are whole.
    shortest, longest : int
        Characters of a text, entries of a vector.
    values : tuple
        All values, sorted, when they are at most 20; otherwise a few from the first rows.
    """

    name: str
    type: str
    kind: Kind
    rows: int
    nulls: int = 0
    nans: int = 0
    infinite: int = 0
    distinct: int = 0
    least: Any = None
    greatest: Any = None
    is_whole: bool = False
    shortest: int = 0
    longest: int = 0
    values: tuple[Any, ...] = ()

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return self.nulls + self.nans

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value, and each another."""
        return self.rows > 0 and self.distinct == self.rows


def column_facts(df: DataFrame) -> list[ColumnFacts]:
    """Look at all columns; two Spark jobs, or a few when there are many columns.

    Parameters
    ----------
    df : DataFrame
        Any table. It is read more than once, so it should be persisted.

    Returns
    -------
    list of ColumnFacts
        One for each column, in the table's order.
    """
    kinds = [field.dataType for field in df.schema.fields]
    # By place: names may be odd, empty or the same.
    plain = df.toDF(*[f"c{place}" for place in range(len(kinds))])
    found: dict[str, Any] = {}
    for start in range(0, len(kinds), _COLUMNS_AT_ONCE):
        part = range(start, min(start + _COLUMNS_AT_ONCE, len(kinds)))
        wanted = [item for place in part for item in _aggregates(f"c{place}", kinds[place])]
        found |= plain.agg(F.count("*").alias("rows"), *wanted).collect()[0].asDict()
    values = _values(plain, kinds, found)
    return [
        ColumnFacts(
            name=name,
            type=kinds[place].simpleString(),
            kind=kind_of(kinds[place]),
            rows=found["rows"],
            values=values.get(f"c{place}", ()),
            **_own(found, f"c{place}"),
        )
        for place, name in enumerate(df.columns)
    ]


def count_values(df: DataFrame, places: Sequence[int], label: int) -> dict[int, int]:
    """Different pairs of a column's value and the label's, for some columns; null is a value.

    Parameters
    ----------
    df : DataFrame
        The table.
    places : sequence of int
        Which columns, by their place in it.
    label : int
        The label's place.

    Returns
    -------
    dict of int to int
        The count for each place.
    """
    plain = df.toDF(*[f"c{place}" for place in range(len(df.columns))])
    counts: dict[int, int] = {}
    for start in range(0, len(places), _COLUMNS_AT_ONCE):
        part = places[start : start + _COLUMNS_AT_ONCE]
        pairs = [
            # The mark tells null from the value that hashes alike.
            _distinct(F.col(f"c{place}").isNull(), F.col(f"c{place}"), F.col(f"c{label}")).alias(
                str(place)
            )
            for place in part
        ]
        row = plain.agg(*pairs).collect()[0]
        counts |= {place: int(row[str(place)]) for place in part}
    return counts


def rarest(df: DataFrame, place: int) -> tuple[Any, int]:
    """The value of a column that the fewest rows have, and how many have it."""
    plain = df.toDF(*[f"c{number}" for number in range(len(df.columns))])
    counted = plain.groupBy(f"c{place}").count().orderBy("count", f"c{place}").first()
    return (counted[0], int(counted[1])) if counted is not None else (None, 0)


def kind_of(kind: DataType) -> Kind:
    """What a Spark type means to a trainer."""
    if isinstance(kind, NumericType):
        return "number"
    if isinstance(kind, BooleanType):
        return "boolean"
    if isinstance(kind, StringType):
        return "text"
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return "time"
    if isinstance(kind, NullType):
        return "null"
    if isinstance(kind, VectorUDT):
        return "vector"
    is_array = isinstance(kind, ArrayType) and isinstance(kind.elementType, NumericType)
    return "vector" if is_array else "nested"


def _aggregates(name: str, kind: DataType) -> list[Column]:
    """What is asked of one column; each result is called `<column>.<fact>`."""
    asked = {"nulls": F.count_if(F.col(name).isNull()), **_of_values(F.col(name), kind)}
    return [value.alias(f"{name}.{fact}") for fact, value in asked.items()]


def _of_values(value: Column, kind: DataType) -> Mapping[str, Column]:
    meaning = kind_of(kind)
    if meaning == "vector":
        return _of_vectors(value, kind)
    if meaning in ("null", "nested"):
        return {}
    known = F.when(~F.isnan(value), value) if isinstance(kind, FloatType | DoubleType) else value
    asked = {
        "distinct": _distinct(known),
        "least": F.min(known),
        "greatest": F.max(known),
    }
    if meaning == "text":
        asked |= {"shortest": F.min(F.length(value)), "longest": F.max(F.length(value))}
    if isinstance(kind, FloatType | DoubleType):
        asked["nans"] = F.count_if(F.isnan(value))
    if isinstance(kind, FloatType | DoubleType | DecimalType):
        asked["infinite"] = F.count_if(F.abs(known.cast("double")) > _GREATEST)
        asked["fractional"] = F.count_if(known != F.floor(known.cast("double")))
    if meaning == "time":
        # As text: a timestamp would pass through the driver's own time zone.
        asked |= {"least": F.min(value).cast("string"), "greatest": F.max(value).cast("string")}
    if isinstance(kind, IntegralType):
        asked["fractional"] = F.lit(0)
    return asked


def _of_vectors(value: Column, kind: DataType) -> Mapping[str, Column]:
    entries = value
    if isinstance(kind, VectorUDT):
        entries = F.when(value.isNotNull(), vector_to_array(value))  # it refuses nulls
    endless = F.exists(entries, lambda entry: F.abs(entry.cast("double")) > _GREATEST)
    size = F.when(value.isNotNull(), F.size(entries))  # of null it is -1
    return {
        "shortest": F.min(size),
        "longest": F.max(size),
        "infinite": F.count_if(endless),
    }


def _distinct(*values: Column) -> Column:
    """How many different values there are; a null in the first is none.

    Spark's `count_distinct` of several columns copies each row for each of them. Hashes of 64 bits
    in a set are one pass; two of a few hundred thousand are the same with a chance of 1 in 10⁹.
    """
    hashed = F.when(values[0].isNotNull(), F.xxhash64(*values))
    return F.size(F.collect_set(hashed))


def _own(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """One column's results as arguments of `ColumnFacts`."""
    prefix = f"{name}."
    own = {key.removeprefix(prefix): found[key] for key in found if key.startswith(prefix)}
    whole = {"is_whole": own.pop("fractional") == 0} if "fractional" in own else {}
    return {key: value for key, value in own.items() if value is not None} | whole


def _values(
    plain: DataFrame, kinds: Sequence[DataType], found: Mapping[str, Any]
) -> dict[str, tuple[Any, ...]]:
    """All values of the columns that have few, some of the others' first."""
    counts = {f"c{place}": found.get(f"c{place}.distinct", 0) for place in range(len(kinds))}
    timeless = [name for name, n in counts.items() if n and _is_shown(kinds[int(name[1:])])]
    few = [name for name in timeless if counts[name] <= MOST_VALUES]
    values: dict[str, tuple[Any, ...]] = {}
    if few:
        sets = [F.sort_array(F.collect_set(name)).alias(name) for name in few]
        row = plain.agg(*sets).collect()[0]
        values = {name: tuple(item for item in row[name] if item == item) for name in few}
    many = [name for name in timeless if name not in values]
    head = plain.select(*many).limit(_HEAD).collect() if many else []
    for name in many:
        seen = dict.fromkeys(row[name] for row in head if row[name] is not None)
        values[name] = tuple(item for item in seen if item == item)[:_EXAMPLES]
    return values


def _is_shown(kind: DataType) -> bool:
    return kind_of(kind) in ("number", "boolean", "text")
