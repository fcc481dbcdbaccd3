"""A config's effective values as YAML, each with a comment that says where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pipeline.config import HIDDEN, Entry
from pipeline.config.interpolation import escaped
from pipeline.config.sentences import flow

_WIDEST = 76
"""A list that is longer than this gets a line for each item."""


def listing(entries: Sequence[Entry]) -> str:
    """The effective config as YAML that `--config` takes, with origins as comments.

    Secrets are hidden; `${` is written so that it is not replaced a second time.

    Parameters
    ----------
    entries : sequence of Entry
        Neighbours when they are in the same section.
    """
    blocks = [_aligned(_rows(block, 0)) for block in _blocks(entries)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _blocks(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Each section is a block; so are the keys between two sections."""
    grouped = groupby(entries, key=lambda e: e.path[0] if len(e.path) > 1 else "")
    return [list(group) for _, group in grouped]


def _rows(entries: list[Entry], depth: int) -> list[tuple[str, str]]:
    """Lines and their comments."""
    indent = "  " * depth
    rows: list[tuple[str, str]] = []
    for name, group in groupby(entries, key=lambda entry: entry.path[depth]):
        below = list(group)
        if len(below[0].path) > depth + 1:
            rows += [(f"{indent}{flow(name)}:", ""), *_rows(below, depth + 1)]
        else:
            rows += _leaf(below[0], f"{indent}{flow(name)}:", indent)
    return rows


def _leaf(entry: Entry, start: str, indent: str) -> list[tuple[str, str]]:
    value = HIDDEN if entry.is_secret else _escaped(entry.value)
    line = f"{start} {flow(value)}"
    if isinstance(value, list) and len(line) > _WIDEST:
        return [(start, _comment(entry)), *((f"{indent}  - {flow(v)}", "") for v in value)]
    return [(line, _comment(entry))]


def _comment(entry: Entry) -> str:
    if entry.is_secret:
        return f"{entry.origin}, hidden"
    from_text = "" if entry.raw is None else f", from {' '.join(entry.raw.split())}"
    return f"{entry.origin}{from_text}"


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    return [_escaped(item) for item in value] if isinstance(value, list) else value


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(line) for line, comment in rows if comment and len(line) <= 48), default=0)
    return [f"{line:<{width}}  # {comment}" if comment else line for line, comment in rows]
