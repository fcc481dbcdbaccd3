"""Reading and writing whole files: readers see the old bytes or the new ones, never a part."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pyarrow import fs

from pipeline.errors import StoreError
from pipeline.files.filesystems import FAILURES, failure, is_object_store, resolve
from pipeline.files.uris import is_local, local_path

_BUFFER = 1 << 20  # an object store is asked once for so many bytes


def read_bytes(uri: str) -> bytes:
    """All bytes of a file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    StoreError
        When it cannot be read for another reason.
    """
    with _reading(uri) as (filesystem, path), filesystem.open_input_file(path) as source:
        return bytes(source.read())


def read_range(uri: str, offset: int, size: int) -> bytes:
    """`size` bytes of a file from `offset` on.

    Raises
    ------
    StoreError
        When the file is missing, cannot be read, or is shorter.
    """
    filesystem, path = resolve(uri)
    try:
        with filesystem.open_input_file(path) as source:
            data = bytes(source.read_at(size, offset))
    except FAILURES as error:
        raise failure(uri, "read", error) from error
    if len(data) != size:
        raise StoreError(f"{uri}: ends before byte {offset + size}; the file is damaged")
    return data


def read_tail(uri: str, size: int) -> bytes:
    """The last `size` bytes of a file, or all of a shorter one.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    StoreError
        When it cannot be read for another reason.
    """
    with _reading(uri) as (filesystem, path), filesystem.open_input_file(path) as source:
        start = max(source.size() - size, 0)
        return bytes(source.read_at(source.size() - start, start))


@contextmanager
def open_stream(uri: str) -> Iterator[IO[bytes]]:
    """The bytes of a file as they are, for one reading after the other: a large one fits.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    StoreError
        When it cannot be read for another reason.
    """
    with _reading(uri) as (filesystem, path):
        stream = filesystem.open_input_stream(path, compression=None, buffer_size=_BUFFER)
        with stream as source:
            yield source


@contextmanager
def _reading(uri: str) -> Iterator[tuple[fs.FileSystem, str]]:
    """The file system of a URI and the path there; its errors as ours, but for a missing file."""
    filesystem, path = resolve(uri)
    try:
        yield filesystem, path
    except FileNotFoundError:
        raise
    except FAILURES as error:
        raise failure(uri, "read", error) from error


def write_bytes(uri: str, data: bytes) -> None:
    """Write a file whole; missing parent directories are made.

    Raises
    ------
    StoreError
        When it cannot be written; nothing is left under the name then.
    """
    filesystem, path = resolve(uri)
    # An object store shows an object only when its upload is complete; a disk needs the rename.
    renames = not is_object_store(filesystem)
    target = part_name(path) if renames else path
    try:
        if renames:
            filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        # Else pyarrow would pack, once more, what goes into a file named .gz.
        with filesystem.open_output_stream(target, compression=None) as sink:
            sink.write(data)
        if renames:
            filesystem.move(target, path)
    except FAILURES as error:
        if renames:
            forget(filesystem, target)
        raise failure(uri, "written", error) from error


def upload(source: Path, uri: str) -> None:
    """Copy a local file to a URI, whole or not at all; missing parent directories are made.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    if is_local(uri):
        target = local_path(uri)
        part = Path(part_name(str(target)))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
            part.replace(target)
        except OSError as error:
            forget(fs.LocalFileSystem(), str(part))
            raise failure(uri, "written", error) from error
        return
    filesystem, path = resolve(uri)
    renames = not is_object_store(filesystem)
    to = part_name(path) if renames else path
    try:
        fs.copy_files(str(source), to, fs.LocalFileSystem(), filesystem)
        if renames:
            filesystem.move(to, path)
    except FAILURES as error:
        if renames:
            forget(filesystem, to)
        raise failure(uri, "written", error) from error


def download(uri: str, target: Path) -> None:
    """Copy a file at a URI to the local disk, whole or not at all.

    Raises
    ------
    StoreError
        When it cannot be read or written.
    """
    filesystem, path = resolve(uri)
    part = Path(part_name(str(target)))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.copy_files(path, str(part), filesystem, fs.LocalFileSystem())
        part.replace(target)
    except FAILURES as error:
        forget(fs.LocalFileSystem(), str(part))
        raise failure(uri, f"brought to {target}", error) from error


def part_name(path: str) -> str:
    """A name beside `path` for a file that is still being written."""
    return f"{path}.{uuid.uuid4().hex[:8]}.part"


def forget(filesystem: fs.FileSystem, path: str) -> None:
    """Delete a file that may never have been made."""
    try:
        filesystem.delete_file(path)
    except OSError:
        return
