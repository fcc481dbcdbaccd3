"""What is finished and need not be done again: one file of JSON for each, below one directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def load(path: Path, of: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was saved; None when nothing was, or it was made of something else.

    Parameters
    ----------
    path : Path
        The file.
    of : mapping
        Everything that the result depends on.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("of") != _plain(of):
        return None
    result = found.get("result")
    return result if isinstance(result, dict) else None


def save(path: Path, of: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Whole or not at all, however this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_text(json.dumps({"of": _plain(of), "result": result}, indent=2), encoding="utf-8")
    half.replace(path)


def _plain(of: Mapping[str, Any]) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(of))
