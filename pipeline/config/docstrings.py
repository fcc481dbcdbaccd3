"""What a class's NumPy docstring says about it and its attributes, for the JSON schema."""

from __future__ import annotations

import inspect
import re

_ATTRIBUTES = re.compile(r"^Attributes\n-+\n(.*?)(?:\n\n[A-Z]\w+\n-+\n|\Z)", re.M | re.S)
_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*) : [^\n]*\n(?P<text>(?:[ ]+[^\n]*\n?|\n)+)", re.M)


def summary(kind: type) -> str:
    """The first paragraph of a class's docstring, on one line and without backquotes."""
    return _plain((inspect.getdoc(kind) or "").split("\n\n", 1)[0])


def attributes(kind: type) -> dict[str, str]:
    """The text of each attribute in a class's docstring and those of its bases.

    Each is on one line and without backquotes: an editor shows it as it is. Of attributes that
    are described together (`wait, stall`), each has its own part of the text, when semicolons
    part it into as many.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found.update(_own(base.__doc__ or ""))
    return found


def _own(doc: str) -> dict[str, str]:
    section = _ATTRIBUTES.search(inspect.cleandoc(doc) + "\n")
    if section is None:
        return {}
    found: dict[str, str] = {}
    for entry in _ENTRY.finditer(section[1] + "\n"):
        found.update(_shared(entry["names"].split(", "), _plain(entry["text"])))
    return found


def _shared(names: list[str], text: str) -> dict[str, str]:
    parts = text.removesuffix(".").split("; ")
    if len(names) == 1 or len(parts) != len(names):
        return dict.fromkeys(names, text)
    return {name: f"{part[:1].upper()}{part[1:]}." for name, part in zip(names, parts, strict=True)}


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("`", "")
