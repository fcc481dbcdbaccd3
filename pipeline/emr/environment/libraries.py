"""Links beside `libmxnet.so` to the libraries of other packages that it needs.

MXNet looks for them in its own directory first (its RPATH is `$ORIGIN`), so no process has to set
`LD_LIBRARY_PATH`, and nothing but the C and C++ libraries has to be on the node.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import UserError

# MXNet's own GCC runtime is not in its wheel; other wheels carry it under names of their own.
_RUNTIME = {
    "libgomp.so.1": "xgboost*.libs/libgomp-*.so*",
    "libquadmath.so.0": "numpy.libs/libquadmath-*.so*",
}
_CUDA = "nvidia/*/lib/lib*.so*"


def link_libraries(site_packages: Path) -> None:
    """Make the links, relative ones, so that the environment can be moved.

    Raises
    ------
    UserError
        When a package that carries one of them is not installed.
    """
    mxnet = site_packages / "mxnet"
    for name, pattern in _RUNTIME.items():
        found = sorted(site_packages.glob(pattern))
        if not found:
            raise UserError(f"{site_packages}: no package in it carries {name} ({pattern})")
        _link(mxnet / name, found[0])
    for library in sorted(site_packages.glob(_CUDA)):
        _link(mxnet / library.name, library)


def _link(link: Path, library: Path) -> None:
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(os.path.relpath(library, link.parent))
