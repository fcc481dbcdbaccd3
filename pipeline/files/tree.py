"""Directories: what is in them, taking them away, putting one where another was."""

from __future__ import annotations

import os
import uuid

from pyarrow import fs

from pipeline.errors import AccessError, StoreError
from pipeline.files.content import write_bytes
from pipeline.files.filesystems import FAILURES, failure, is_object_store, resolve
from pipeline.files.uris import join

_LAST = "_SUCCESS"


def exists(uri: str) -> bool:
    """Whether a file or a directory is there.

    Raises
    ------
    StoreError
        When that cannot be found out.
    """
    filesystem, path = resolve(uri)
    try:
        return bool(filesystem.get_file_info(path).type != fs.FileType.NotFound)
    except FAILURES as error:
        raise failure(uri, "looked at", error) from error


def names(uri: str) -> list[str]:
    """Paths of all files below a directory, relative to it, sorted; empty when it is missing."""
    path, found = _listing(uri, recursive=True)
    return sorted(os.path.relpath(info.path, path) for info in found if info.is_file)


def children(uri: str) -> list[str]:
    """Names directly below a directory, sorted; empty when it is missing."""
    _, found = _listing(uri, recursive=False)
    return sorted(info.base_name for info in found)


def stamps(uri: str) -> list[list[str | int]]:
    """Name, size and time of change of a file, or of all files below a directory, sorted.

    Returns
    -------
    list of [str, int, int]
        Bytes, and nanoseconds since 1970; names that begin with `_` or `.` are left out, as Spark
        leaves them out. Empty when nothing is there.
    """
    filesystem, path = resolve(uri)
    try:
        info = filesystem.get_file_info(path)
        if info.is_file:
            return [[info.base_name, int(info.size), int(info.mtime_ns or 0)]]
    except FAILURES as error:
        raise failure(uri, "looked at", error) from error
    _, found = _listing(uri, recursive=True)
    named = ((os.path.relpath(info.path, path), info) for info in found if info.is_file)
    return sorted(
        [name, int(info.size), int(info.mtime_ns or 0)]
        for name, info in named
        if not any(part[0] in "_." for part in name.split("/"))
    )


def delete(uri: str) -> None:
    """Delete a file or a directory with all below it; nothing happens when it is missing."""
    filesystem, path = resolve(uri)
    try:
        kind = filesystem.get_file_info(path).type
        if kind == fs.FileType.Directory:
            filesystem.delete_dir(path)
        elif kind == fs.FileType.File:
            filesystem.delete_file(path)
    except FileNotFoundError:
        return
    except FAILURES as error:
        raise failure(uri, "deleted", error) from error


def move_directory(source: str, target: str) -> None:
    """Move a directory to where nothing is, on the same filesystem.

    A rename where there is one. An object store copies file by file, `_SUCCESS` last: a reader
    that waits for it sees the whole.

    Raises
    ------
    StoreError
        When it cannot be moved.
    """
    filesystem, path = resolve(source)
    _, to = resolve(target)
    try:
        if not is_object_store(filesystem):
            filesystem.create_dir(to.rpartition("/")[0], recursive=True)
            filesystem.move(path, to)
            return
        for name in sorted(names(source), key=lambda name: (name == _LAST, name)):
            filesystem.copy_file(f"{path}/{name}", f"{to}/{name}")
        filesystem.delete_dir(path)
    except FAILURES as error:
        raise failure(source, f"moved to {target}", error) from error


def require_writable(uri: str, setting: str) -> None:
    """Write a small file below a directory and delete it again.

    Parameters
    ----------
    uri : str
        The directory; made where it is missing.
    setting : str
        The key that names it, for the message.

    Raises
    ------
    AccessError
        When nothing can be written there.
    """
    probe = join(uri, f".{uuid.uuid4().hex[:8]}.probe")
    try:
        write_bytes(probe, b"")
        delete(probe)
    except StoreError as error:
        reason = str(error).removeprefix(f"{probe}: cannot be written: ")
        advice = "" if ";" in reason else "; choose another place"
        raise AccessError(f"{setting}: {uri}: cannot be written: {reason}{advice}") from error


def _listing(uri: str, *, recursive: bool) -> tuple[str, list[fs.FileInfo]]:
    filesystem, path = resolve(uri)
    selector = fs.FileSelector(path, recursive=recursive, allow_not_found=True)
    try:
        return path, filesystem.get_file_info(selector)
    except FAILURES as error:
        raise failure(uri, "listed", error) from error
