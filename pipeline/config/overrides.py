"""`--set dotted.key=value`: setting single keys over what a file says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.config.document import Document, read_into
from pipeline.config.problems import Place, Problem, refusal
from pipeline.config.redaction import HIDDEN, is_secret


def apply_override(data: dict[str, Any], override: str, free: Iterable[str] = ()) -> None:
    """Set one `dotted.key=value` in `data`, in place.

    Parameters
    ----------
    data : dict
        Keys to values; a section that is missing or empty is made.
    override : str
        The value is read as YAML.
    free : iterable of str
        Keys below which dots separate nothing, because their own keys are anybody's (Spark's).

    Raises
    ------
    ConfigError
        When it is no `dotted.key=value`, the value is not YAML, or a key above it is a value.
    """
    document = Document(Place(0, 0, ""), data)
    override_in(document, override, 1, free)
    if document.problems:
        raise refusal(document.problems)


def override_in(document: Document, override: str, number: int, free: Iterable[str]) -> None:
    """Set one `dotted.key=value` in a document; what is wrong goes into its problems.

    Parameters
    ----------
    document : Document
        Changed in place.
    override : str
        The value is read as YAML.
    number : int
        Which override it is, from 1.
    free : iterable of str
        Keys below which dots separate nothing.
    """
    key, separator, text = override.partition("=")
    path = _path(key, free)
    place = Place(number, 0, f"--set {shown(override, free)}")
    if not separator or not all(key.split(".")):
        document.problems.append(Problem(place, (), "expected dotted.key=value"))
        return
    node = document.data
    for depth, parent in enumerate(path[:-1], start=1):
        if node.get(parent) is None:  # a section that is not there, or is empty
            node[parent] = {}
            document.places[path[:depth]] = place
        child = node[parent]
        if not isinstance(child, dict):
            said = f"{parent} is a value, it has no keys below it"
            document.problems.append(Problem(place, (), said))
            return
        node = child
    document.forget(path)
    document.places[path] = place
    node[path[-1]] = read_into(document, text, path, lambda _line: place)


def _path(key: str, free: Iterable[str]) -> tuple[str, ...]:
    for prefix in free:
        if key.startswith(f"{prefix}."):
            return (*prefix.split("."), key.removeprefix(f"{prefix}."))
    return tuple(key.split("."))


def shown(override: str, free: Iterable[str] = ()) -> str:
    """An override as it may be shown or recorded: with `********` in the place of a secret."""
    key, separator, text = override.partition("=")
    path = _path(key, free)
    hides = is_secret(str(path[-1]), text) or ("{" in text and is_secret(text))
    return f"{key}={HIDDEN}" if separator and hides else override
