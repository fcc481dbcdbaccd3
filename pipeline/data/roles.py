"""What each column is for, checked against the table's schema."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.ml.linalg import VectorUDT
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    MapType,
    NullType,
    NumericType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from pipeline.data.names import missing
from pipeline.data.settings import ColumnsSettings
from pipeline.errors import DataError

_LONGEST_TYPE = 60


@dataclass(frozen=True)
class Roles:
    """What each column is for; every name is a column of the table.

    Attributes
    ----------
    label : str
        The class to be predicted.
    features : tuple of str
        Numbers, booleans and strings; empty when there is a `vector`, and where there is but text.
    vector : str or None
        The one column that holds all features.
    weight : str or None
        A number of at least 0.
    key : tuple of str
        Columns that name a row; may be empty.
    time : str or None
        When the row happened.
    text : tuple of str
        The column of text, or the two of a pair; strings. May be empty.
    """

    label: str
    features: tuple[str, ...]
    vector: str | None
    weight: str | None
    key: tuple[str, ...]
    time: str | None
    text: tuple[str, ...] = ()

    @property
    def has_features(self) -> bool:
        """Whether there is something to learn from besides text."""
        return bool(self.features) or self.vector is not None


def check_roles(df: DataFrame, columns: ColumnsSettings) -> Roles:
    """Find the columns' roles in a table; looks at the schema only and starts no Spark job.

    Raises
    ------
    DataError
        With every problem found, a line each: columns that are missing (and the nearest name) or
        occur twice, and types that the role cannot use, with what to do about them.
    """
    require_distinct(df.columns)
    problems = _missing(df.columns, columns)
    if problems:
        raise DataError("\n".join(problems))
    roles = _resolve(df.columns, columns)
    problems = _wrong_types(df, roles)
    if problems:
        raise DataError("\n".join(problems))
    return roles


def require_distinct(names: list[str]) -> None:
    """Refuse a table with columns that no name tells apart.

    Raises
    ------
    DataError
        When names are empty, or equal but for their case, which Spark does not regard.
    """
    nameless = [str(place) for place, name in enumerate(names, start=1) if not name]
    if nameless:
        raise DataError(
            f"column number {', '.join(nameless)} of the table has no name; give it one"
        )
    lowered = [name.lower() for name in names]
    repeated = [name for name in names if lowered.count(name.lower()) > 1]
    if repeated:
        raise DataError(
            f"columns {', '.join(repeated)}: more than one column of the table has this name "
            "(case does not count); rename them"
        )


def _missing(known: list[str], columns: ColumnsSettings) -> list[str]:
    named = [
        *(("label", name) for name in [columns.label]),
        *(("features", name) for name in columns.features or []),
        *(("vector", name) for name in [columns.vector] if name is not None),
        *(("text", name) for name in columns.texts),
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
        alone = {columns.label, columns.weight, columns.time, *columns.texts}
        taken = {*alone, *columns.key, *columns.drop}
        features = [name for name in known if name not in taken]
        if not features and not columns.texts:
            raise DataError("columns.features: no column is left for them; name some of them")
    return Roles(
        label=columns.label,
        features=tuple(features),
        vector=columns.vector,
        weight=columns.weight,
        key=tuple(columns.key),
        time=columns.time,
        text=columns.texts,
    )


def _wrong_types(df: DataFrame, roles: Roles) -> list[str]:
    kinds = {field.name: field.dataType for field in df.schema.fields}
    problems = []
    for name in roles.features:
        if not _is_plain(kinds[name]):
            problems.append(f"columns.features: {name} is {_advice(kinds[name])}")
    if roles.vector is not None and not _is_vector(kinds[roles.vector]):
        problems.append(
            f"columns.vector: {roles.vector} is of type {_short(kinds[roles.vector])}; it must be "
            "a vector or an array of numbers"
        )
    problems += [
        f"columns.text: {name} is of type {_short(kinds[name])}; it must be text: cast it, or, of "
        "a CSV file, set source.options {inferSchema: false}"
        for name in roles.text
        if not isinstance(kinds[name], StringType)
    ]
    if not _is_plain(kinds[roles.label]):
        problems.append(
            f"columns.label: {roles.label} is of type {_short(kinds[roles.label])}; it must be a "
            "number, a boolean or a string: cast it"
        )
    if roles.weight is not None and not isinstance(kinds[roles.weight], NumericType):
        problems.append(
            f"columns.weight: {roles.weight} is of type {_short(kinds[roles.weight])}; it must be "
            "a number: cast it"
        )
    for role, names in (("key", roles.key), ("time", [roles.time] if roles.time else [])):
        problems += [
            f"columns.{role}: {name} is null in every row; name another column"
            for name in names
            if isinstance(kinds[name], NullType)
        ]
    return problems


def _is_plain(kind: DataType) -> bool:
    return isinstance(kind, NumericType | BooleanType | StringType)


def _is_vector(kind: DataType) -> bool:
    if isinstance(kind, ArrayType):
        return isinstance(kind.elementType, NumericType)
    return isinstance(kind, VectorUDT)


def _advice(kind: DataType) -> str:
    """Why a type is no feature, and what to do."""
    name = f"of type {_short(kind)}"
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return f"{name}; make numbers of it (month, hour), or name it columns.time or drop it"
    if isinstance(kind, NullType):
        return "null in every row; name it in columns.drop"
    if _is_vector(kind):
        return f"{name}; name it columns.vector, alone, or make a column of each element"
    if isinstance(kind, ArrayType | StructType | MapType):
        return f"{name}; make columns of its parts, or name it in columns.drop"
    return f"{name}; make a number or a text of it, or name it in columns.drop"


def _short(kind: DataType) -> str:
    """A type's name; that of a struct of many fields has no end."""
    name = kind.simpleString()
    return name if len(name) <= _LONGEST_TYPE else name[: _LONGEST_TYPE - 1] + "…"
