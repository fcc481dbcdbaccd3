"""The keys that a schema knows, and the nearest of them to one that it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_origin

from pydantic import BaseModel

from pipeline.config.problems import KeyPath


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section class inside `annotation` (also within `X | None`), or None."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def with_empty_sections(schema: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `data` where a section or list with nothing below its key is an empty one.

    In YAML such a key has the value null, which a user hardly means: all below is commented out.
    """
    copy = dict(data)
    for name, field in schema.model_fields.items():
        if name not in copy:
            continue
        value = copy[name]
        if value is None:
            copy[name] = _empty(field.annotation)
        elif isinstance(value, Mapping) and (section := section_of(field.annotation)):
            copy[name] = with_empty_sections(section, value)
    return copy


def unknown_key(schema: type[BaseModel], path: KeyPath) -> str:
    """The sentence for a key that the schema does not know, with the nearest one that it knows."""
    beside = _section_at(schema, path[:-1])
    known = list(beside.model_fields) if beside else []
    name = str(path[-1])
    above, dot, below = name.partition(".")
    if dot and above in known:
        below = name if above == "spark" else below  # Spark's own names begin with it
        return f"unknown key; write `{above}:` and, below it, `{below}:`"
    near = difflib.get_close_matches(name, known, n=1) or _elsewhere(schema, name)
    if near:
        return f"unknown key; did you mean {' or '.join(near)}?"
    return f"unknown key; known: {', '.join(sorted(known))}"


def _empty(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {}
    origin = get_origin(annotation)
    return origin() if origin in (dict, list) else None


def _section_at(schema: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    current: type[BaseModel] | None = schema
    for part in path:
        field = current.model_fields.get(str(part)) if current else None
        current = section_of(field.annotation) if field else None
    return current


def _elsewhere(schema: type[BaseModel], name: str) -> list[str]:
    """Dotted keys of any section with this name; else those with the nearest name."""
    keys = list(_dotted_keys(schema))
    names = [key.rpartition(".")[2] for key in keys]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    found = [key for key, last in zip(keys, names, strict=True) if last in near]
    return [key if "." in key else f"{key} (at the top)" for key in found]


def _dotted_keys(schema: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in schema.model_fields.items():
        section = section_of(field.annotation)
        yield above + name
        if section is not None:
            yield from _dotted_keys(section, f"{above}{name}.")
