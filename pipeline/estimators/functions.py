"""Functions of the user's own (objectives, metrics, schedules), known by their import path."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.estimators.imports import imported


def is_path(name: str) -> bool:
    """Whether a name is an import path rather than a name of XGBoost's."""
    module, _, last = name.rpartition(".")
    return bool(module) and ":" not in name and "@" not in name and last.isidentifier()


def short_name(name: str) -> str:
    """The last part of an import path; a name of XGBoost's as it is."""
    return name.rpartition(".")[2] if is_path(name) else name


def path_of(function: Callable[..., Any]) -> str:
    """The import path of a function, by which executors find it.

    Raises
    ------
    UserError
        When it has none: a lambda, a function in a function, an object that can be called, or a
        function of the main script.
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", f"<{type(function).__name__}>")
    if not module or module == "__main__" or "<" in name or "." in name:
        raise UserError(
            f"function {name} cannot be imported on executors; put it at the top level of a module "
            "that is installed on every node (or sent with --py-files)"
        )
    return f"{module}.{name}"


def source_mark(path: str) -> str:
    """Tells a function from others of its name: a hash of its source, where that is known."""
    try:
        text = inspect.getsource(load(path))
    except (OSError, TypeError):
        return path
    return _digest(text.encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def file_mark(path: str) -> str:
    """Tells an import path's module from others of its name, without importing it."""
    try:
        spec = importlib.util.find_spec(path.rpartition(".")[0])
        origin = None if spec is None else spec.origin
        return path if origin is None else _digest(Path(origin).read_bytes())
    except Exception:  # noqa: BLE001 - what cannot be found here may be there on the nodes
        return path


def load(path: str) -> Callable[..., Any]:
    """The function of an import path.

    Raises
    ------
    UserError
        When there is no such module or function.
    """
    found = imported(path)
    if not callable(found):
        raise UserError(f"{path} is no function")
    return found  # type: ignore[no-any-return]
