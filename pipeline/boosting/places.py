"""Params that name columns, turned into what XGBoost takes: places in the matrix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.boosting.matrix_names import feature_types
from pipeline.data.encoding import FeatureSchema
from pipeline.errors import UserError

_NUMBERS = re.compile(r"-?\d+(\.\d+)?")


def monotone(given: Any, schema: FeatureSchema) -> str | None:
    """`(1,0,-1)` of a map by name, a list by place, or such a text.

    Raises
    ------
    UserError
        For an unknown column, a direction that is none, a list of another length, a category.
    """
    if given is None:
        return None
    values = _by_place("monotone_constraints", given, schema, default=0)
    wrong = [value for value in values if value not in (-1, 0, 1)]
    if wrong:
        raise UserError(f"monotone_constraints: {wrong[0]!r} is none of 1, 0 and -1")
    for place in schema.categorical:
        if values[place]:
            raise UserError(
                f"monotone_constraints: {schema.names[place]} is a category, which has no order"
            )
    return "(" + ",".join(str(int(value)) for value in values) + ")"


def interactions(given: Any, schema: FeatureSchema) -> str | None:
    """`[[0,1],[2]]` of groups of names or places, or such a text."""
    if given is None:
        return None
    if isinstance(given, str):
        return given
    if not isinstance(given, list | tuple) or not all(isinstance(g, list | tuple) for g in given):
        raise UserError(
            f"interaction_constraints must be a list of lists of columns, not {given!r}"
        )
    groups = [[_place("interaction_constraints", each, schema) for each in one] for one in given]
    return "[" + ",".join("[" + ",".join(map(str, group)) + "]" for group in groups) + "]"


def weights(given: Any, schema: FeatureSchema) -> tuple[float, ...]:
    """How often each column is drawn, of a map by name or a list by place; empty: all alike."""
    if given is None:
        return ()
    values = _by_place("feature_weights", given, schema, default=1)
    if any(value < 0 for value in values) or not any(values):
        raise UserError("feature_weights must be at least 0, and one of them above")
    return tuple(float(value) for value in values)


def types(given: Sequence[str] | None, schema: FeatureSchema) -> tuple[str, ...]:
    """XGBoost's type of each column.

    Raises
    ------
    UserError
        When there are more or fewer types than columns, or a string column is not a category.
    """
    if given is None:
        return tuple(feature_types(schema.width, schema.categorical))
    if len(given) != schema.width:
        raise UserError(f"feature_types has {len(given)} entries, the table {schema.width} columns")
    for place in schema.categorical:
        if given[place] != "c":
            raise UserError(
                f"feature_types: {schema.names[place]} holds text, so it is c, not {given[place]}"
            )
    return tuple(given)


def _by_place(param: str, given: Any, schema: FeatureSchema, default: float) -> list[float]:
    if isinstance(given, str):
        given = [float(each[0]) for each in _matches(given)]
    if isinstance(given, Mapping):
        values = [default] * schema.width
        for name, value in given.items():
            values[_place(param, name, schema)] = _number(param, value)
        return values
    if not isinstance(given, list | tuple):
        raise UserError(f"{param} must be a map by name or a list by place, not {given!r}")
    if len(given) != schema.width:
        raise UserError(f"{param} has {len(given)} entries, the table {schema.width} columns")
    return [_number(param, value) for value in given]


def _matches(text: str) -> list[re.Match[str]]:
    return list(_NUMBERS.finditer(text))


def _number(param: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{param}: {value!r} is not a number")
    return value


def _place(param: str, name: Any, schema: FeatureSchema) -> int:
    names = schema.names
    if isinstance(name, int) and not isinstance(name, bool):
        if 0 <= name < len(names):
            return name
        raise UserError(f"{param}: there is no column {name}; places go from 0 to {len(names) - 1}")
    if name in names:
        return names.index(name)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(names[:20])}"
    raise UserError(f"{param}: there is no column {name}; {hint}")
