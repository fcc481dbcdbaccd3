"""Classes and params by name: what may be imported, and sentences for names that are wrong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UserError
from pipeline.estimators.imports import imported


def load(path: str, known: Sequence[str], allowed: Sequence[str], advice: str) -> Any:
    """What an import path leads to.

    Parameters
    ----------
    path : str
        For example `sklearn.linear_model.LogisticRegression`.
    known : sequence of str
        Import paths that anyone may load.
    allowed : sequence of str
        Import paths that may be loaded besides those.
    advice : str
        What else there is to do about a path that is neither.

    Raises
    ------
    UserError
        When the path is neither known nor allowed (nothing is imported then), or when there is no
        such module or name.
    """
    if path not in known and path not in allowed:
        near = _nearest(path, [*allowed, *known])
        question = f"; did you mean {near}?" if near else "."
        raise UserError(f"there is no learner {path}{question} {advice}")
    return imported(path, "learner")


def wrong_param(name: str, known: Sequence[str], ours: Mapping[str, str]) -> str:
    """The sentence for a param that a learner does not have, or that is not the user's to set.

    Parameters
    ----------
    name : str
        The param.
    known : sequence of str
        Those that the learner takes.
    ours : mapping of str to str
        Those that are not the user's, each with where it comes from.
    """
    if name in ours:
        return f"leave out {name}; it comes from {ours[name]}"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return f"unknown param {name}; {hint}"


def _nearest(path: str, known: Sequence[str]) -> str | None:
    # The class's name first: with the package spelt out, all paths look alike.
    by_class = {item.rpartition(".")[2]: item for item in known}
    names = difflib.get_close_matches(path.rpartition(".")[2], list(by_class), n=1, cutoff=0.75)
    if names:
        return by_class[names[0]]
    return next(iter(difflib.get_close_matches(path, known, n=1)), None)
