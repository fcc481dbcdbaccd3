"""What each column is for, checked against the table: first its schema, then the labels."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    FloatType,
    NullType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from pipeline.data.names import column, missing
from pipeline.data.settings import ColumnsSettings
from pipeline.errors import DataError


@dataclass(frozen=True)
class Roles:
    """What each column is for; every name is a column of the table.

    Attributes
    ----------
    label : str
        The class to be predicted.
    features : tuple of str
        Numbers, booleans and strings; empty when there is a `vector`.
    vector : str or None
        The one column that holds all features.
    weight : str or None
        A number of at least 0.
    key : tuple of str
        Columns that name a row; may be empty.
    time : str or None
        When the row happened.
    """

    label: str
    features: tuple[str, ...]
    vector: str | None
    weight: str | None
    key: tuple[str, ...]
    time: str | None


def check_roles(df: DataFrame, columns: ColumnsSettings) -> Roles:
    """Find the columns' roles in a table; looks at the schema only and starts no Spark job.

    Raises
    ------
    DataError
        With every problem found, a line each: columns that are missing (and the nearest name) or
        occur twice, and types that the role cannot use, with what to do about them.
    """
    repeated = _repeated(df.columns)
    if repeated:
        raise DataError(
            f"columns {', '.join(repeated)}: more than one column of the table has this name "
            "(case does not count); rename them"
        )
    problems = _missing(df.columns, columns)
    if problems:
        raise DataError("\n".join(problems))
    roles = _resolve(df.columns, columns)
    problems = _wrong_types(df, roles)
    if problems:
        raise DataError("\n".join(problems))
    return roles


def check_label(df: DataFrame, roles: Roles) -> None:
    """Look at all labels, and weights, in one Spark job.

    Raises
    ------
    DataError
        With every problem found, a line each: no rows; labels that are null or NaN; fewer than
        two classes; weights that are null, negative, infinite, or all zero. With counts.
    """
    label = column(roles.label)
    wanted = [
        F.count("*").alias("rows"),
        F.count_if(_unknown(df, roles.label)).alias("unlabelled"),
        F.min(label).alias("least"),
        F.max(label).alias("greatest"),
    ]
    if roles.weight is not None:
        weight, unknown = column(roles.weight), _unknown(df, roles.weight)
        wanted += [
            F.count_if(unknown).alias("unweighted"),
            F.count_if(weight < 0).alias("negative"),
            F.count_if(weight.cast("double") == float("inf")).alias("infinite"),
            F.count_if(~unknown & (weight > 0)).alias("positive"),
        ]
    found = df.agg(*wanted).collect()[0].asDict()
    if not found["rows"]:
        raise DataError("the table has no rows; check the source")
    problems = _label_problems(roles.label, found)
    if roles.weight is not None:
        problems += _weight_problems(roles.weight, found)
    if problems:
        raise DataError("\n".join(problems))


def _repeated(names: list[str]) -> list[str]:
    lowered = [name.lower() for name in names]
    return sorted({name for name in lowered if lowered.count(name) > 1})


def _missing(known: list[str], columns: ColumnsSettings) -> list[str]:
    named = [
        *(("label", name) for name in [columns.label]),
        *(("features", name) for name in columns.features or []),
        *(("vector", name) for name in [columns.vector] if name is not None),
        *(("weight", name) for name in [columns.weight] if name is not None),
        *(("key", name) for name in columns.key),
        *(("drop", name) for name in columns.drop),
        *(("time", name) for name in [columns.time] if name is not None),
    ]
    return [missing(name, known, f"columns.{role}") for role, name in named if name not in known]


def _resolve(known: list[str], columns: ColumnsSettings) -> Roles:
    features = columns.features
    if columns.vector is not None:
        features = []
    elif features is None:
        taken = {columns.label, columns.weight, columns.time, *columns.key, *columns.drop}
        features = [name for name in known if name not in taken]
        if not features:
            raise DataError("columns.features: no column is left for them; name some of them")
    return Roles(
        label=columns.label,
        features=tuple(features),
        vector=columns.vector,
        weight=columns.weight,
        key=tuple(columns.key),
        time=columns.time,
    )


def _wrong_types(df: DataFrame, roles: Roles) -> list[str]:
    kinds = {field.name: field.dataType for field in df.schema.fields}
    problems = []
    for name in roles.features:
        if not _is_plain(kinds[name]):
            problems.append(f"columns.features: {name} is {_advice(kinds[name])}")
    if roles.vector is not None and not _is_vector(kinds[roles.vector]):
        problems.append(
            f"columns.vector: {roles.vector} is {kinds[roles.vector].simpleString()}; it must be "
            "a vector or an array of numbers"
        )
    if not _is_plain(kinds[roles.label]):
        problems.append(
            f"columns.label: {roles.label} is {kinds[roles.label].simpleString()}; it must be a "
            "number, a boolean or a string: cast it"
        )
    if roles.weight is not None and not isinstance(kinds[roles.weight], NumericType):
        problems.append(
            f"columns.weight: {roles.weight} is {kinds[roles.weight].simpleString()}; it must be "
            "a number: cast it"
        )
    return problems


def _is_plain(kind: DataType) -> bool:
    return isinstance(kind, NumericType | BooleanType | StringType)


def _is_vector(kind: DataType) -> bool:
    if isinstance(kind, ArrayType):
        return isinstance(kind.elementType, NumericType)
    return isinstance(kind, VectorUDT)


def _advice(kind: DataType) -> str:
    """Why a type is no feature, and what to do."""
    name = kind.simpleString()
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return f"a {name}; make numbers of it (month, hour), or name it columns.time or drop it"
    if isinstance(kind, NullType):
        return "null in every row; name it in columns.drop"
    if _is_vector(kind):
        return f"a {name}; name it columns.vector, alone, or make a column of each element"
    return f"a {name}; make columns of its parts, or name it in columns.drop"


def _unknown(df: DataFrame, name: str) -> Column:
    value = column(name)
    if isinstance(df.schema[name].dataType, FloatType | DoubleType):
        return value.isNull() | F.isnan(value)
    return value.isNull()


def _label_problems(label: str, found: dict[str, object]) -> list[str]:
    if found["unlabelled"]:
        return [
            f"columns.label: {label} is null or NaN in {found['unlabelled']} of {found['rows']} "
            "rows; remove these rows, or give them a label"
        ]
    if found["least"] == found["greatest"]:
        return [
            f"columns.label: {label} is {found['least']!r} in all {found['rows']} rows; "
            "there must be at least two classes"
        ]
    return []


def _weight_problems(weight: str, found: dict[str, object]) -> list[str]:
    place, rows = f"columns.weight: {weight}", found["rows"]
    problems = [
        f"{place} is {words} in {found[key]} of {rows} rows; {remedy}"
        for key, words, remedy in (
            ("unweighted", "null or NaN", "fill in a number, 0 to leave a row out"),
            ("negative", "negative", "a weight is at least 0"),
            ("infinite", "infinite", "use finite numbers"),
        )
        if found[key]
    ]
    if not found["positive"] and not problems:
        problems.append(f"{place} is 0 in all {rows} rows; some must weigh more")
    return problems
