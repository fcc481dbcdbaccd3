"""From what a user gives to a param's value, where Spark's own converters do not know how."""

from __future__ import annotations

from typing import Any

from pyspark.ml.param import TypeConverters

from pipeline.estimators.functions import path_of


def as_it_is(value: Any) -> Any:
    """A value of several types, checked by a rule or when the columns are known."""
    return value


def to_name(value: Any) -> str:
    """A name that a library knows, or the import path of a function or class."""
    if callable(value):
        return path_of(value)
    return str(TypeConverters.toString(value))


def to_names(value: Any) -> list[str]:
    """One name or several."""
    many = value if isinstance(value, list | tuple) else [value]
    return [to_name(each) for each in many]


def to_floats(value: Any) -> list[float]:
    """One number or several."""
    many = value if isinstance(value, list | tuple) else [value]
    return list(TypeConverters.toListFloat(list(many)))


def to_schedule(value: Any) -> Any:
    """A schedule of learning rates: numbers, a map, or a function by its import path."""
    return to_name(value) if callable(value) else as_it_is(value)
