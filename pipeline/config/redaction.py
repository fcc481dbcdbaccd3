"""Hiding secrets in what is shown or recorded, by Spark's own rule (`spark.redaction.regex`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "********"
"""What stands in the place of a secret."""

_SECRET = re.compile(r"(?i)secret|password|token|access[.]?key")


def is_secret(key: str, value: Any = None) -> bool:
    """Whether a value must not be shown.

    Parameters
    ----------
    key : str
        The key's own name, without the sections above it.
    value : object
        Looked at for Spark's settings (`spark.…`) only, as Spark does: a password may be among
        the options of a JVM.
    """
    if _SECRET.search(key):
        return True
    return key.startswith("spark.") and isinstance(value, str) and bool(_SECRET.search(value))


def redacted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a config (nested or flat), with `********` in the place of each secret."""
    return {key: _shown(str(key), value) for key, value in mapping.items()}


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return redacted(value)
    return HIDDEN if value is not None and is_secret(key, value) else value
