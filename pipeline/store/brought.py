"""A directory of files at a URI on each host's own disk, brought there once for all its processes.

A copy is named by a digest of its content. It is taken away by whoever brings another directory
when all processes that have asked for it are gone; in a cluster's own local directories it goes
with the application in any case.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from pipeline import files
from pipeline.errors import StoreError, UserError
from pipeline.files.local_directory import local_directory
from pipeline.files.only_one import OnlyOne
from pipeline.store.owner import is_gone, is_owner, owner

logger = logging.getLogger(__name__)

_FILES, _LISTED, _USERS = "files", "content.json", "users"
_BLOCK = 1 << 20

_Listing: TypeAlias = list[list[str | int]]
"""Name, bytes and SHA-256 of each file, sorted."""


def digest_of(uri: str, names: Sequence[str] | None = None) -> str:
    """What tells a directory's content from any other; reads all of it once.

    Parameters
    ----------
    uri : str
        The directory: on a disk, S3 or HDFS.
    names : sequence of str, optional
        Which files, relative to it; by default all but those whose path has a part that begins
        with a dot.

    Returns
    -------
    str
        A SHA-256 in hexadecimal digits, over names, sizes and content.

    Raises
    ------
    StoreError
        When there are no files, one of them is missing, or cannot be read.
    """
    return _digest(_listing(uri, names))


def bring(uri: str, digest: str, names: Sequence[str] | None = None) -> Path:
    """The directory on this host's disk: itself where it is local, else the host's copy.

    Parameters
    ----------
    uri : str
        The directory. A local one must be on every host that asks.
    digest : str
        What `digest_of` found.
    names : sequence of str, optional
        As for `digest_of`.

    Raises
    ------
    UserError
        When a local directory is not on this host.
    StoreError
        When the content is another one than was found, or cannot be read or written.
    """
    return _brought(files.absolute(uri), digest, None if names is None else tuple(names))


# A process looks at what it has brought, or at a local directory, once.
@lru_cache(maxsize=16)
def _brought(uri: str, digest: str, names: tuple[str, ...] | None) -> Path:
    if files.is_local(uri):
        return _local(uri, digest, names)
    base = local_directory() / "brought"
    own = base / digest
    base.mkdir(parents=True, exist_ok=True)
    with OnlyOne(base / "lock"):
        _sweep(base, digest)
        (own / _USERS).mkdir(parents=True, exist_ok=True)
        (own / _USERS / f"{os.getpid()}.json").write_text(json.dumps(owner()))
        if not _is_whole(own, digest):
            _copy(uri, own, digest, names)
    return own / _FILES


def _local(uri: str, digest: str, names: tuple[str, ...] | None) -> Path:
    path = files.local_path(uri)
    if not path.is_dir():
        raise UserError(
            f"{uri} is no directory on host {socket.gethostname()}: put it on s3:// or hdfs://, or "
            "at the same path of every node"
        )
    _require(uri, _listing(uri, names), digest)
    return path


def _copy(uri: str, own: Path, digest: str, names: tuple[str, ...] | None) -> None:
    for left in own.glob(f"{_FILES}*"):  # of one that was killed, or damaged
        shutil.rmtree(left)
    part = own / f"{_FILES}.{uuid.uuid4().hex[:8]}.part"
    try:
        for name in _names(uri, names):
            files.download(files.join(uri, name), part / name)
        listing = _listing(part.as_uri(), names)
        _require(uri, listing, digest)
        (own / _LISTED).write_text(json.dumps(listing))
        part.replace(own / _FILES)
    except OSError as error:
        raise StoreError(f"{uri}: cannot be brought to {own}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    logger.info("brought %s to %s", uri, own / _FILES)


def _is_whole(own: Path, digest: str) -> bool:
    """Whether a copy is there, of the sizes that were brought."""
    try:
        listing: _Listing = json.loads((own / _LISTED).read_text())
        sizes = [(own / _FILES / str(name)).stat().st_size for name, _, _ in listing]
    except (OSError, ValueError):
        return False
    return _digest(listing) == digest and sizes == [size for _, size, _ in listing]


def _sweep(base: Path, digest: str) -> None:
    """Delete copies whose users are all gone, but for the one that is asked for."""
    for other in base.iterdir():
        if other.is_dir() and other.name != digest and not any(map(_is_there, _users(other))):
            shutil.rmtree(other, ignore_errors=True)
            logger.info("swept %s: who asked for it is gone", other)


def _users(own: Path) -> list[Path]:
    return list((own / _USERS).glob("*.json"))


def _is_there(mark: Path) -> bool:
    try:
        whose: Any = json.loads(mark.read_text())
    except (OSError, ValueError):
        return False
    return is_owner(whose) and not is_gone(whose)


def _require(uri: str, listing: _Listing, digest: str) -> None:
    if _digest(listing) != digest:
        raise StoreError(
            f"{uri}: on host {socket.gethostname()} its files are not those that were looked at "
            "first: they have changed since, or were damaged on their way; start again"
        )


def _digest(listing: _Listing) -> str:
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _listing(uri: str, names: Sequence[str] | None) -> _Listing:
    return [[name, *_hashed(files.join(uri, name))] for name in _names(uri, names)]


def _names(uri: str, names: Sequence[str] | None) -> list[str]:
    if names is not None:
        if strange := [name for name in names if ".." in name.split("/") or name.startswith("/")]:
            raise StoreError(f"{uri}: {strange[0]} is no file within that directory")
        return sorted(names)
    found = [name for name in files.names(uri) if "/." not in f"/{name}"]
    if not found:
        raise StoreError(f"{uri}: there are no files; check the path")
    return found


def _hashed(uri: str) -> tuple[int, str]:
    try:
        with files.open_stream(uri) as stream:
            return _size_and_hash(stream.read)
    except FileNotFoundError:
        raise StoreError(f"{uri}: there is no such file") from None


def _size_and_hash(read: Callable[[int], bytes]) -> tuple[int, str]:
    size, found = 0, hashlib.sha256()
    while block := read(_BLOCK):
        size += len(block)
        found.update(block)
    return size, found.hexdigest()
