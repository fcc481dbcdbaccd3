"""Checking a document against a schema, with every problem in one error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.document import Document
from pipeline.config.known_keys import unknown_key, with_empty_sections
from pipeline.config.problems import KeyPath, Place, Problem, refusal
from pipeline.config.sentences import sentence

S = TypeVar("S", bound=BaseModel)


def validate(schema: type[S], data: Mapping[str, Any], place: str) -> S:
    """Check plain data that stands in no file; nothing is interpolated.

    Parameters
    ----------
    schema : type of BaseModel
        What the data must look like.
    data : mapping
        Keys to values.
    place : str
        How each problem begins.

    Raises
    ------
    ConfigError
        With all problems.
    """
    return validated(schema, Document(Place(0, 0, place), dict(data)))


def validated(schema: type[S], document: Document) -> S:
    """The document's data as `schema`.

    Raises
    ------
    ConfigError
        With all problems in the order of their places: those that the document has already, and
        what the schema refuses.
    """
    data = with_empty_sections(schema, document.data)
    value, details = _attempt(schema, data)
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    if unknown:
        # A section's own rules (shares sum to 1) are asked only when no key of it is unknown:
        # without the unknown ones they are heard too.
        _, details = _attempt(schema, _without(data, [detail["loc"] for detail in unknown]))
    problems = [
        Problem(document.place(path), path, said)
        for path, said in [
            *((detail["loc"], unknown_key(schema, detail["loc"])) for detail in unknown),
            *((path, sentence(found, path)) for path, found in _by_path(details, data).items()),
        ]
        if not document.is_broken(path)
    ]
    if value is None or document.problems:
        raise refusal([*document.problems, *problems])
    return value


def _attempt(schema: type[S], data: Mapping[str, Any]) -> tuple[S | None, list[ErrorDetails]]:
    try:
        return schema.model_validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _by_path(
    details: list[ErrorDetails], data: Mapping[str, Any]
) -> dict[KeyPath, list[ErrorDetails]]:
    """What is said of each value; a union says one thing for each of its types."""
    grouped: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in details:
        location = detail["loc"]
        path = location if detail["type"] == "missing" else _within(data, location)
        grouped.setdefault(path, []).append(detail)
    return grouped


def _within(data: Mapping[str, Any], location: KeyPath) -> KeyPath:
    """The part of pydantic's location that leads through the data, without names of types."""
    current: Any = data
    for length, part in enumerate(location):
        is_there = (isinstance(current, Mapping) and part in current) or (
            isinstance(current, list) and isinstance(part, int) and part < len(current)
        )
        if not is_there:
            return location[:length]
        current = current[part]
    return location


def _without(data: Mapping[str, Any], paths: list[KeyPath]) -> dict[str, Any]:
    """A copy without some keys."""
    copy: dict[str, Any] = {}
    for key, value in data.items():
        below = [path[1:] for path in paths if path[0] == key]
        if () not in below:
            copy[key] = _without(value, below) if below else value
    return copy
