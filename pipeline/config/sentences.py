"""What pydantic finds, in plain sentences."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.config.problems import KeyPath
from pipeline.config.redaction import HIDDEN, is_secret

_LONGEST = 60

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list, as [a, b] or an item a line",
    "tuple_type": "a list, as [a, b] or an item a line",
    "dict_type": "keys with values below it",
    "model_type": "keys with values below it",
}
"""What a value should have been, by the type of pydantic's error."""

_LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


def sentence(details: Sequence[ErrorDetails], path: KeyPath) -> str:
    """What is wrong with one value.

    Parameters
    ----------
    details : sequence of ErrorDetails
        All that pydantic says of the value; several when none of several types fits it.
    path : tuple
        The value's key; a secret is not repeated.
    """
    first = details[0]
    if first["type"] == "missing":
        return "missing, and it has no default"
    said = _expected(details) or _wrong(first)
    return f"{said}{_got(first, path)}{_hint(first)}"


def flow(value: Any) -> str:
    """A value as one line of YAML."""
    try:
        text = _dumped(value, None)
        if "\n" in text:  # only double quotes keep text with line breaks on one line
            text = _dumped(value, '"')
    except yaml.YAMLError:  # it came from a program, not from YAML
        return repr(value)
    return text


def _dumped(value: Any, style: str | None) -> str:
    text = yaml.safe_dump(
        value,
        default_flow_style=True,
        default_style=style,
        width=math.inf,
        sort_keys=False,
        allow_unicode=True,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def shown(value: Any) -> str:
    """A value as a sentence repeats it: text in quotes, shortened when it is long."""
    text = repr(value) if isinstance(value, str) else flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"


def _expected(details: Sequence[ErrorDetails]) -> str | None:
    """`expected …`, when all are about the value's type."""
    if any(detail["type"] not in _EXPECTED for detail in details):
        return None
    names = list(dict.fromkeys(_EXPECTED[detail["type"]] for detail in details))
    if "a number" in names and "a whole number" in names:
        names.remove("a whole number")
    *most, last = names
    return f"expected {', '.join(most)}{' or ' if most else ''}{last}"


def _wrong(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{words} {context[name]:.15g}"
    if kind == "literal_error":
        return f"expected {context['expected'].replace(chr(39), '')}"
    if kind == "string_too_short" and context["min_length"] == 1:
        return "must not be empty"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be", "must be")


def _got(detail: ErrorDetails, path: KeyPath) -> str:
    """What was given, unless it is a whole section, of which the sentence says what is wrong."""
    value = detail["input"]
    if detail["type"] not in _EXPECTED and isinstance(value, Mapping | BaseModel):
        return ""
    keys = [part for part in path if isinstance(part, str)]
    secret = bool(keys) and is_secret(keys[-1], value)
    return f" (got {HIDDEN if secret else shown(value)})"


def _hint(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", detail.get("ctx", {})["expected"])
        near = difflib.get_close_matches(str(value), known, n=1)
        return f"; did you mean {near[0]}?" if near else ""
    is_scalar = value is not None and not isinstance(value, str | list | dict)
    return "; put it in quotes" if detail["type"] == "string_type" and is_scalar else ""
