"""Rules that several params share."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.estimators.params import Rule


def one_of(param: str, known: Iterable[str]) -> Rule:
    """A param has one of some names."""
    names = tuple(known)
    return Rule(param, lambda value: value in names, f"one of {', '.join(names)}")
