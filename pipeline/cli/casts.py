"""A table's columns as the types of training, once their values have been found to allow it."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    BooleanType,
    DecimalType,
    DoubleType,
    FloatType,
    NullType,
    NumericType,
    StringType,
)

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.data.names import column, quoted
from pipeline.errors import DataError

SQL_TYPES = {"numeric": "double", "boolean": "boolean", "categorical": "string"}
"""The type that a column of each kind is given where it has another."""

_BEYOND = 2.0**128 - 2.0**103  # from here on a double rounds to an infinite float32
_INFINITE = "infinite, or beyond the 3.4e38 of a 32-bit float,"
_FINITE = "put null or a finite number there"
_SHOWN = 40


@dataclass(frozen=True)
class _Check:
    """Rows that a column cannot be scored for.

    Parameters
    ----------
    name : str
        The column.
    wrong : Column
        Whether it is so of a row; null counts as no.
    fault, remedy : str
        What is wrong with its value, and what to do.
    example : Column, optional
        The value to show; none is shown of vectors.
    """

    name: str
    wrong: Column
    fault: str
    remedy: str
    example: Column | None = None

    @property
    def wanted(self) -> list[Column]:
        """Aggregates: the count of these rows, and an example."""
        shown = F.lit(None).cast("string") if self.example is None else self.example
        return [F.count_if(self.wrong), F.min(F.when(self.wrong, shown.cast("string")))]

    def sentence(self, count: int, rows: int, example: str | None) -> str:
        """What the user reads."""
        shown = "" if example is None else f" (for example {example[:_SHOWN]!r})"
        return f"column {self.name} is {self.fault} in {count} of {rows} rows{shown}; {self.remedy}"


def as_trained(frame: DataFrame, features: FeatureSchema) -> DataFrame:
    """The table with its features as numbers, booleans and text, as a model was trained on them.

    Parameters
    ----------
    frame : DataFrame
        Has all features; each number or boolean is one, or text, or null in every row.
    features : FeatureSchema
        The model's.

    Raises
    ------
    DataError
        When values do not allow it, with the count of rows and an example for each column: text
        that is no number, numbers that are no boolean, infinite numbers, vectors of another
        length. One Spark job finds all of them.
    """
    if features.vector is not None:
        _require_none(frame, _vector_checks(frame, features.vector, features.size))
        return frame
    _require_none(frame, [check for item in features.features for check in _checks(frame, item)])
    casts = {
        item.name: F.expr(_cast(item)) for item in features.features if _needs_cast(frame, item)
    }
    return frame.withColumns(casts) if casts else frame


def _needs_cast(frame: DataFrame, feature: Feature) -> bool:
    kind = frame.schema[feature.name].dataType
    if isinstance(kind, NullType):
        return True
    if feature.kind == "boolean":
        return not isinstance(kind, BooleanType)
    return feature.kind == "numeric" and isinstance(kind, StringType)


def _cast(feature: Feature) -> str:
    # A plain cast of a blank would fail where `spark.sql.ansi.enabled` is set.
    return f"try_cast({quoted(feature.name)} AS {SQL_TYPES[feature.kind]})"


def _checks(frame: DataFrame, feature: Feature) -> list[_Check]:
    name, kind = feature.name, frame.schema[feature.name].dataType
    value, read = column(name), F.expr(_cast(feature))
    if feature.kind == "categorical":
        return []
    if isinstance(kind, StringType):
        odd = (F.trim(value) != "") & read.isNull()
        word = "number" if feature.kind == "numeric" else "boolean"
        fault = f"text that is no {word}"
        remedy = f"in training it was a {word}: correct it, or leave it empty for missing"
        found = [_Check(name, odd, fault, remedy, value)]
        return found if feature.kind == "boolean" else [*found, _infinite(name, read, value)]
    if feature.kind == "boolean" and isinstance(kind, NumericType):
        remedy = "in training it was a boolean: put true, false, 1, 0 or null there"
        return [_Check(name, ~value.isin(0, 1), "neither 0 nor 1", remedy, value)]
    if isinstance(kind, FloatType | DoubleType | DecimalType):
        return [_infinite(name, value.cast("double"), value)]
    return []


def _infinite(name: str, number: Column, shown: Column) -> _Check:
    # NaN is more than any number to Spark.
    return _Check(name, _overflows(number), _INFINITE, _FINITE, shown)


def _overflows(number: Column) -> Column:
    return ~F.isnan(number) & (F.abs(number) >= _BEYOND)


def _vector_checks(frame: DataFrame, name: str, size: int) -> list[_Check]:
    is_vector = isinstance(frame.schema[name].dataType, VectorUDT)
    value = column(name)
    # `vector_to_array` refuses nulls.
    array = F.when(value.isNotNull(), vector_to_array(value)) if is_vector else value
    numbers = array.cast("array<double>")
    other = value.isNotNull() & (F.size(numbers) != size)  # Spark gives a null a size, -1
    return [
        _Check(name, value.isNull(), "null", "remove these rows"),
        _Check(name, other, f"not of the {size} elements of training", "mend them"),
        _Check(name, F.exists(numbers, _overflows), _INFINITE, _FINITE),
    ]


def _require_none(frame: DataFrame, checks: list[_Check]) -> None:
    if not checks:
        return
    wanted = [part for check in checks for part in check.wanted]
    rows, *found = frame.agg(F.count("*"), *wanted).collect()[0]
    problems = [
        check.sentence(count, rows, example)
        for check, count, example in zip(checks, found[::2], found[1::2], strict=True)
        if count
    ]
    if problems:
        raise DataError("\n".join(problems))
