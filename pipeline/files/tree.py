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
        Bytes, and nanoseconds since 1970. What Spark does not read is left out: names that begin
        with `.`, or with `_` unless there is a `=` in them (`_day=1` is a partition), and what is
        still being copied there (`._COPYING_`). Empty when nothing is there.
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
        if not any(_is_hidden(part) for part in name.split("/"))
    )


def _is_hidden(name: str) -> bool:
    """Whether Spark passes over a file or a directory of this name."""
    if name.startswith("_"):
        return "=" not in name
    return name.startswith(".") or name.endswith("._COPYING_")


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

    A rename where there is one. An object store copies file by file: first the data, then the names
    that begin with `_`, `_SUCCESS` last; the source's are deleted the other way round. So a
    directory that has its `_SUCCESS` is whole at any moment, whatever dies when.

    Raises
    ------
    StoreError
        When something is at `target`, or it cannot be moved.
    """
    filesystem, path = resolve(source)
    _, to = resolve(target)
    if exists(target):  # HDFS would put the one into the other
        raise StoreError(
            f"{source}: cannot be moved to {target}: something is there already; move it away, or "
            "choose another place"
        )
    try:
        if is_object_store(filesystem):
            _move_by_copies(filesystem, path, to, names(source))
        else:
            filesystem.create_dir(to.rpartition("/")[0], recursive=True)
            filesystem.move(path, to)
    except FAILURES as error:
        raise failure(source, f"moved to {target}", error) from error


def _move_by_copies(filesystem: fs.FileSystem, path: str, to: str, found: list[str]) -> None:
    marks = sorted((name for name in found if _is_mark(name)), key=lambda name: name == _LAST)
    for name in [name for name in found if not _is_mark(name)] + marks:
        filesystem.copy_file(f"{path}/{name}", f"{to}/{name}")
    for name in reversed(marks):
        filesystem.delete_file(f"{path}/{name}")
    filesystem.delete_dir(path)


def _is_mark(name: str) -> bool:
    """Whether a file says something about the directory as a whole."""
    return name.startswith("_") and "/" not in name


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
