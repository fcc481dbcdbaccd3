"""`requirements/install.py`, which knows how Horovod is built, mended and kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from pipeline.errors import UserError


def setup_script(requirements: Path) -> ModuleType:
    """The script as a module; it is no part of any package.

    Raises
    ------
    UserError
        When it is not there.
    """
    path = requirements / "install.py"
    spec = importlib.util.spec_from_file_location("emr_ensembles_setup", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UserError(f"{path}: is not there; environments are packed from a whole checkout")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def horovod_recipe(requirements: Path) -> str:
    """What makes two builds of the same version of Horovod differ: options and mending."""
    setup = setup_script(requirements)
    return f"{sorted(setup.HOROVOD_BUILD.items())} {sorted(setup.HOROVOD_MENDING.items())}"
