"""A published report, brought to this machine."""

from __future__ import annotations

from pathlib import Path

from pipeline import files

_FILES = ("report.html", "report.json")


def fetch_report(source: str, target: Path) -> Path:
    """Copy a report's files to a directory; its page there.

    Raises
    ------
    StoreError
        When they cannot be read or written.
    """
    for name in _FILES:
        uri = files.join(source, name)
        if files.exists(uri):
            files.download(uri, target / name)
    return target / _FILES[0]
