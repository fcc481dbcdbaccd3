"""The base class of all sections, which completes their JSON schema."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.config.docstrings import attributes, summary
from pipeline.config.known_keys import section_of

_VARIABLE = {"type": "string", "pattern": r"^\$\{env:[^{}]*\}$"}
"""A value that is no text may still be taken from a variable of the environment."""

_CONTAINERS = {"array", "object"}


def _completed(schema: dict[str, Any], kind: type[BaseModel]) -> None:
    """Complete a section's JSON schema, in place: descriptions, effective defaults."""
    if not issubclass(kind, Section):
        return
    schema["description"] = summary(kind)
    schema["type"] = ["object", "null"]  # null: nothing stands below the key
    descriptions = kind.key_descriptions()
    effective = kind.effective_defaults()
    properties = schema.get("properties", {})
    for key, part in properties.items():
        section = section_of(kind.model_fields[key].annotation)
        notes: dict[str, Any] = {}
        default = effective.get(key, part.pop("default", None))
        # A section's keys have defaults of their own; and null says nothing.
        if section is None and default is not None:
            notes["default"] = default
        if section is not None:
            notes["description"] = summary(section)
        elif key in descriptions:
            notes["description"] = descriptions[key]
        part.pop("title", None)
        properties[key] = {**(_as_read(part) if section is None else part), **notes}


def _as_read(kind: dict[str, Any]) -> dict[str, Any]:
    """A value's schema as a file may have it: `${env:NAME}` for a number, null for no items."""
    kinds = [_with_items_as_read(one) for one in kind.get("anyOf", [kind])]
    types = {str(one.get("type")) for one in kinds}
    takes_text = any(one.get("type") == "string" and "enum" not in one for one in kinds)
    if not takes_text and types - _CONTAINERS - {"null"}:
        kinds.append(dict(_VARIABLE))
    if types & _CONTAINERS and "null" not in types:
        kinds.append({"type": "null"})
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _with_items_as_read(kind: dict[str, Any]) -> dict[str, Any]:
    inner = ("items", "additionalProperties")
    return {
        key: _as_read(part) if key in inner and isinstance(part, dict) else part
        for key, part in kind.items()
    }


class Section(BaseModel):
    """A part of the configuration: immutable, and every unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, json_schema_extra=_completed
    )

    @classmethod
    def key_descriptions(cls) -> dict[str, str]:
        """What each key means, for the JSON schema; from the `Attributes` of the docstrings."""
        return attributes(cls)

    @classmethod
    def effective_defaults(cls) -> dict[str, Any]:
        """What holds for a key that is not set, where the key's own default (None) hides it."""
        return {}
