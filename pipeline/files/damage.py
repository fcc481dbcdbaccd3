"""What reading of a damaged archive raises."""

from __future__ import annotations

import zipfile
import zlib

DAMAGED = (
    *(zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError),
    *(OSError, zlib.error),
)
"""Of zipfile, NumPy and json, for bytes that are no archive, or not the one that was written."""
