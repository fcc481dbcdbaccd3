"""Options of a network of the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_options(value: Any) -> dict[str, Any]:
    """Options as JSON has them: the same ones make the same checkpoint.

    Raises
    ------
    TypeError
        For what is no map, or has a value that JSON has not.
    """
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"options are a map of names to values, not {value!r}")
    try:
        found = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"options must be what JSON can hold: {error}") from None
    return dict(found)
