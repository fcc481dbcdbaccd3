"""The lock files under `requirements/`: where they are, what they pin, their hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import pipeline
from pipeline.errors import UserError

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s\\;]+)")
_DIGITS = 12


def requirements_directory() -> Path:
    """The checkout's `requirements/`.

    Raises
    ------
    UserError
        When the package was installed without its checkout.
    """
    found = Path(pipeline.__file__).resolve().parents[1] / "requirements"
    if not (found / "base.lock").is_file():
        raise UserError(
            f"{found}: there are no lock files; environments are packed from a checkout of "
            "emr-ensembles, so clone it, and run make setup and this command in it"
        )
    return found


def locks_hash(locks: Iterable[Path], recipe: str = "") -> str:
    """The first 12 hex digits of a hash over lock files, and over how what they pin is built."""
    digest = hashlib.sha256(f"{recipe}\n".encode())
    for lock in locks:
        content = lock.read_bytes()
        digest.update(f"{lock.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_DIGITS]


def without(text: str, names: Iterable[str]) -> str:
    """A lock file's text less some packages; their hashes and comments go with them."""
    left_out = {_plain(name) for name in names}
    kept: list[str] = []
    keeps = True
    for line in text.splitlines(keepends=True):
        pinned = _PINNED.match(line)
        if pinned:
            keeps = _plain(pinned.group(1)) not in left_out
        if keeps:
            kept.append(line)
    return "".join(kept)


def locked_version(lock: Path, package: str) -> str:
    """The version of a package that a lock file pins.

    Raises
    ------
    UserError
        When it pins none.
    """
    for line in lock.read_text(encoding="utf-8").splitlines():
        pinned = _PINNED.match(line)
        if pinned and _plain(pinned.group(1)) == _plain(package):
            return pinned.group(2)
    raise UserError(f"{lock}: pins no {package}; make it again: make lock")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
