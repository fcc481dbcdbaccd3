"""What the user names by its import path."""

from __future__ import annotations

import importlib
from typing import Any

from pipeline.errors import UserError


def imported(path: str, role: str = "") -> Any:
    """What an import path leads to; what may be imported is for the caller to say.

    Parameters
    ----------
    path : str
        For example `package.module.function`.
    role : str
        What it is to the user, for errors.

    Raises
    ------
    UserError
        When there is no such module or name.
    """
    module, _, name = path.rpartition(".")
    what = f"{role} {path}".lstrip()
    try:
        found = importlib.import_module(module) if module else None
    except Exception as error:  # a user's module may raise anything
        raise UserError(
            f"{what}: module {module} cannot be imported: {error}; it must be installed on the "
            "driver and on every node"
        ) from error
    if not hasattr(found, name):
        raise UserError(f"{what}: there is no {name} in module {module}")
    return getattr(found, name)
