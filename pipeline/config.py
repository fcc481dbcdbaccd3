"""Reading a job's YAML: one file, overrides, and all problems reported at once.

Each trainer declares its own `Section`; `pipeline.cli.job_config` puts the sections together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError


class Section(BaseModel):
    """A part of the configuration: immutable, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


S = TypeVar("S", bound=BaseModel)


def load(
    schema: type[S], path: str | Path, overrides: Iterable[str] = (), free: Iterable[str] = ()
) -> S:
    """Read a YAML file, apply `--set` overrides, validate the whole.

    Parameters
    ----------
    schema : type of BaseModel
        What the file must look like.
    path : str or Path
        The YAML file.
    overrides : iterable of str
        `dotted.key=value`, the value read as YAML; later ones win.
    free : iterable of str
        Keys below which dots separate nothing.

    Raises
    ------
    ConfigError
        With every problem found: unreadable file, unknown keys (and the nearest known one),
        missing or wrong values.
    """
    place = str(path)
    data = _read_yaml(place)
    for override in overrides:
        apply_override(data, override, free)
    return validate(schema, data, place)


def validate(schema: type[S], data: Mapping[str, Any], place: str) -> S:
    """Validate `data` against `schema`; one `ConfigError` lists all problems."""
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        problems = [f"{place}: {_sentence(schema, detail)}" for detail in error.errors()]
        raise ConfigError(problems) from None


def apply_override(data: dict[str, Any], override: str, free: Iterable[str] = ()) -> None:
    """Set one `dotted.key=value` in `data`, in place.

    Below a key of `free`, whose own keys are anybody's (Spark's settings), dots separate nothing.
    """
    key, separator, text = override.partition("=")
    if not separator or not all(key.split(".")):
        raise ConfigError([f"--set {override}: expected dotted.key=value"])
    *parents, last = _parts(key, free)
    node = data
    for parent in parents:
        if node.get(parent) is None:  # a section that is not there, or is empty
            node[parent] = {}
        child = node[parent]
        if not isinstance(child, dict):
            raise ConfigError([f"--set {override}: {parent} is a value, it has no keys below it"])
        node = child
    try:
        node[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError([f"--set {override}: the value is not YAML: {error}"]) from None


def _parts(key: str, free: Iterable[str]) -> list[str]:
    for prefix in free:
        if key.startswith(f"{prefix}."):
            return [*prefix.split("."), key.removeprefix(f"{prefix}.")]
    return key.split(".")


def _read_yaml(place: str) -> dict[str, Any]:
    try:
        text = Path(place).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{place}: no such file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{place}: cannot be read: {error}"]) from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError([f"{place}: not valid YAML: {error}"]) from None
    if not isinstance(data, dict):
        raise ConfigError([f"{place}: expected a mapping of keys to values at the top"])
    return data


def _sentence(schema: type[BaseModel], detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "(top)"
    if detail["type"] == "extra_forbidden":
        known = _keys_beside(schema, detail["loc"])
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(known))}"
        return f"{key}: unknown key{hint}"
    if detail["type"] == "missing":
        return f"{key}: missing, and it has no default"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message} (got {detail['input']!r})"


def _keys_beside(schema: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the keys that stand at the same level as `location`'s last part."""
    current: Any = schema
    for part in location[:-1]:
        field = getattr(current, "model_fields", {}).get(str(part))
        if field is None:
            return []
        current = _section_of(field.annotation)
    return list(getattr(current, "model_fields", {}))


def _section_of(annotation: Any) -> Any:
    """The Section class inside `annotation` (also within `X | None`), or None."""
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
