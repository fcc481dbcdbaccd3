"""Compiling all modules beforehand: a node's users cannot write into the environment.

Without it every Python worker would compile what it imports, again at each start. The compiled
files hold no time and no path of the machine that builds, and are never checked against sources.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.emr.environment.processes import run

# In a process of its own, one file after the other: what another file left interned in memory
# would show in the bytes. Some packages carry files of other Pythons; those are passed over.
_COMPILE = """
import compileall, py_compile, sys
environment, site_packages = sys.argv[1:]
compileall.compile_dir(
    site_packages, maxlevels=99, quiet=2, force=True, stripdir=environment,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
"""


def compile_modules(python: Path, environment: Path, site_packages: Path) -> None:
    """Compile every module of an environment by a Python.

    Raises
    ------
    UserError
        When the compiler itself fails.
    """
    run(
        [str(python), "-I", "-c", _COMPILE, str(environment), str(site_packages)],
        "the environment's modules cannot be compiled",
    )
