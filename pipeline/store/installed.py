"""What is installed: the versions that a model, or a run, was made with."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pipeline

_LIBRARIES = (
    *("pyspark", "numpy", "pyarrow", "xgboost", "xgboost-cpu"),
    *("mxnet", "horovod", "scikit-learn", "skops"),
)
_LOCKS = ("base.lock", "gpu.lock")


def installed() -> dict[str, str]:
    """Versions of this package, of Python, and of the libraries that results depend on."""
    found = {"emr-ensembles": pipeline.__version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def lock_hashes() -> dict[str, str]:
    """SHA-256 of each lock file, where the package lies in a clone of its repository."""
    directory = Path(pipeline.__file__).parent.parent / "requirements"
    return {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in _LOCKS
        if (directory / name).is_file()
    }
