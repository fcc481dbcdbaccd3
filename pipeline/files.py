"""Bytes at a URI: one small interface over pyarrow's filesystems.

A URI is `file:///…`, `s3://…`, `hdfs://…`, or a plain path, which means the local disk. Writing a
file is atomic: readers see the old bytes, or the new ones, never a part.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from pipeline.errors import StoreError, UserError

_SCHEMES = ("file", "s3", "s3a", "hdfs", "viewfs")


def absolute(uri: str) -> str:
    """The URI with its scheme; a plain path is made absolute and gets `file://`."""
    if "://" not in uri and not uri.startswith("file:"):
        return Path(uri).expanduser().absolute().as_uri()
    return uri.rstrip("/") if urlsplit(uri).path.strip("/") else uri


def is_local(uri: str) -> bool:
    """Whether the URI names this machine's own disk."""
    return absolute(uri).startswith("file:")


def local_path(uri: str) -> Path:
    """The path of a `file://` URI.

    Raises
    ------
    UserError
        When the URI is of another scheme, or names a host.
    """
    if not is_local(uri):
        raise UserError(f"{uri}: expected a path on the local disk (file://)")
    parts = urlsplit(absolute(uri))
    if parts.netloc not in ("", "localhost"):
        raise UserError(f"{uri}: {parts.netloc} would be a host; write file:///path, or a path")
    return Path(unquote(parts.path))


def join(uri: str, *parts: str) -> str:
    """Append path parts to a URI."""
    if "://" in uri or uri.startswith("file:"):
        parts = tuple(quote(part, safe="/:@=+,~") for part in parts)
    return "/".join([uri.rstrip("/"), *parts])


def read_bytes(uri: str) -> bytes:
    """All bytes of a file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    StoreError
        When it cannot be read for another reason.
    """
    filesystem, path = _resolve(uri)
    try:
        with filesystem.open_input_file(path) as source:
            return bytes(source.read())
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be read: {error}") from error


def read_range(uri: str, offset: int, size: int) -> bytes:
    """`size` bytes of a file from `offset` on.

    Raises
    ------
    StoreError
        When the file is missing, cannot be read, or is shorter.
    """
    filesystem, path = _resolve(uri)
    try:
        with filesystem.open_input_file(path) as source:
            data = bytes(source.read_at(size, offset))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be read: {error}") from error
    if len(data) != size:
        raise StoreError(f"{uri}: ends before byte {offset + size}; the file is damaged")
    return data


def write_bytes(uri: str, data: bytes) -> None:
    """Write a file whole; missing parent directories are made.

    Raises
    ------
    StoreError
        When it cannot be written; nothing is left under the name then.
    """
    filesystem, path = _resolve(uri)
    # An object store shows an object only when its upload is complete; a disk needs the rename.
    renames = not isinstance(filesystem, fs.S3FileSystem)
    target = f"{path}.{uuid.uuid4().hex[:8]}.part" if renames else path
    try:
        if renames:
            filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        with filesystem.open_output_stream(target) as sink:
            sink.write(data)
        if renames:
            filesystem.move(target, path)
    except (OSError, pa.ArrowException) as error:
        if renames:
            _forget(filesystem, target)
        raise StoreError(f"{uri}: cannot be written: {error}") from error


def upload(source: Path, uri: str) -> None:
    """Copy a local file to a URI, whole or not at all; missing parent directories are made.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    if is_local(uri):
        target = local_path(uri)
        part = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
            part.replace(target)
        except OSError as error:
            _forget(fs.LocalFileSystem(), str(part))
            raise StoreError(f"{uri}: cannot be written: {error}") from error
        return
    filesystem, path = _resolve(uri)
    try:
        fs.copy_files(str(source), path, fs.LocalFileSystem(), filesystem)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be written: {error}") from error


def download(uri: str, target: Path) -> None:
    """Copy a file at a URI to the local disk, whole or not at all.

    Raises
    ------
    StoreError
        When it cannot be read or written.
    """
    filesystem, path = _resolve(uri)
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.copy_files(path, str(part), filesystem, fs.LocalFileSystem())
        part.replace(target)
    except (OSError, pa.ArrowException) as error:
        _forget(fs.LocalFileSystem(), str(part))
        raise StoreError(f"{uri}: cannot be brought to {target}: {error}") from error


def exists(uri: str) -> bool:
    """Whether a file or a directory is there."""
    filesystem, path = _resolve(uri)
    return bool(filesystem.get_file_info(path).type != fs.FileType.NotFound)


def names(uri: str) -> list[str]:
    """Paths of all files below a directory, relative to it, sorted; empty when it is missing."""
    path, found = _listing(uri, recursive=True)
    return sorted(os.path.relpath(info.path, path) for info in found if info.is_file)


def children(uri: str) -> list[str]:
    """Names directly below a directory, sorted; empty when it is missing."""
    _, found = _listing(uri, recursive=False)
    return sorted(info.base_name for info in found)


def delete(uri: str) -> None:
    """Delete a file or a directory with all below it; nothing happens when it is missing."""
    filesystem, path = _resolve(uri)
    try:
        kind = filesystem.get_file_info(path).type
        if kind == fs.FileType.Directory:
            filesystem.delete_dir(path)
        elif kind == fs.FileType.File:
            filesystem.delete_file(path)
    except FileNotFoundError:
        return
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be deleted: {error}") from error


def _resolve(uri: str) -> tuple[fs.FileSystem, str]:
    full = absolute(uri)
    scheme = urlsplit(full).scheme
    if scheme not in _SCHEMES:
        raise UserError(f"{uri}: unknown scheme {scheme}; use one of {', '.join(_SCHEMES)}")
    if scheme == "file":
        return fs.LocalFileSystem(), str(local_path(full))
    if scheme == "s3a":
        full = "s3" + full.removeprefix("s3a")
    try:
        filesystem, path = fs.FileSystem.from_uri(full)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be reached: {error}") from error
    return filesystem, path


def _listing(uri: str, *, recursive: bool) -> tuple[str, list[fs.FileInfo]]:
    filesystem, path = _resolve(uri)
    selector = fs.FileSelector(path, recursive=recursive, allow_not_found=True)
    try:
        return path, filesystem.get_file_info(selector)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{uri}: cannot be listed: {error}") from error


def _forget(filesystem: fs.FileSystem, path: str) -> None:
    try:
        filesystem.delete_file(path)
    except OSError:
        return  # it was never made
