"""What rows of each class weigh."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.errors import UserError
from pipeline.estimators.profile import Described


def weights_of(wanted: str | Mapping[Any, float], described: Described) -> tuple[float, ...]:
    """The weight of each class, in the order of the label's classes; empty for all the same.

    Parameters
    ----------
    wanted : {"none", "balanced"} or mapping
        `balanced`: training rows / (classes times rows of the class). A map gives classes
        by their own values; those it does not name weigh 1.
    described : Described
        The table.

    Raises
    ------
    UserError
        When the map names what is no class of the label.
    """
    classes = described.label.classes
    if wanted == "none" or not classes:
        return ()
    if wanted == "balanced":
        total = sum(described.class_rows)
        return tuple(total / (len(classes) * max(rows, 1)) for rows in described.class_rows)
    if not isinstance(wanted, Mapping):
        raise UserError(f"class_weight: {wanted!r} is neither none, balanced nor a map")
    given = {_as_label(key, is_text=described.label.is_text): wanted[key] for key in wanted}
    unknown = [str(key) for key in given if key not in classes]
    if unknown:
        known = ", ".join(f"{each:g}" if isinstance(each, float) else each for each in classes[:20])
        raise UserError(
            f"class_weight names {', '.join(unknown)}: no class of {described.label.name}, which "
            f"has {known}"
        )
    return tuple(float(given.get(each, 1.0)) for each in classes)


def to_class_weight(value: Any) -> Any:
    """A map with keys and weights of Python's own kinds, which can be saved."""
    if not isinstance(value, Mapping):
        return value
    return {_plain(key): _plain(weight) for key, weight in value.items()}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def is_class_weight(value: Any) -> bool:
    """Whether a value says what classes weigh: none, balanced, or a map."""
    if isinstance(value, str):
        return value in ("none", "balanced")
    return isinstance(value, dict) and all(
        isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < math.inf
        for weight in value.values()
    )


def _as_label(key: Any, *, is_text: bool) -> Any:
    """A map's key as the label has it: YAML and JSON have keys of their own kinds."""
    if is_text:
        return str(key)
    if isinstance(key, str) and key.lower() in ("true", "false"):
        return float(key.lower() == "true")
    try:
        return float(key)
    except ValueError:
        return key
