"""A filesystem of pyarrow's on WebHDFS."""

from __future__ import annotations

import io
import os
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from pipeline.files.hdfs.client import WebHdfs
from pipeline.files.hdfs.configuration import addresses, read_configuration
from pipeline.files.local_directory import spool_directory

_SPOOLED_BYTES = 16 * 2**20


def hdfs(uri: str) -> tuple[fs.PyFileSystem, str]:
    """The filesystem of an `hdfs://` URI, and the path in it.

    Raises
    ------
    UserError
        When no NameNode is named.
    """
    parts = urlsplit(uri)
    return _filesystem(parts.netloc, os.getpid()), unquote(parts.path) or "/"


def rename_to_free(filesystem: fs.PyFileSystem, source: str, target: str) -> None:
    """Rename a file to a name that nothing has: of several writers one succeeds.

    The NameNode looks and renames in one step.

    Raises
    ------
    FileExistsError
        When something has the name.
    """
    filesystem.handler.rename(source, target, "NONE")


@lru_cache(maxsize=16)
def _filesystem(authority: str, _pid: int) -> fs.PyFileSystem:
    """One for each process: connections do not survive a fork."""
    return fs.PyFileSystem(_Handler(WebHdfs(addresses(authority, read_configuration()))))


class _Handler(fs.FileSystemHandler):  # type: ignore[misc]
    """What pyarrow asks of a filesystem."""

    def __init__(self, client: WebHdfs) -> None:
        self._client = client

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Handler) and other._client is self._client

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self._client)

    def get_type_name(self) -> str:
        return "webhdfs"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        try:
            return self._below(selector.base_dir, recursive=selector.recursive)
        except FileNotFoundError:
            if selector.allow_not_found:
                return []
            raise

    def create_dir(self, path: str, recursive: bool) -> None:
        self._client.ask("PUT", "MKDIRS", path or "/")

    def delete_dir(self, path: str) -> None:
        self._delete(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        selector = fs.FileSelector(path, allow_not_found=missing_dir_ok)
        for info in self.get_file_info_selector(selector):
            self._delete(info.path)

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError("a whole HDFS is never deleted")

    def delete_file(self, path: str) -> None:
        self._delete(path)

    def move(self, src: str, dest: str) -> None:
        self.rename(src, dest, "OVERWRITE")

    def copy_file(self, src: str, dest: str) -> None:
        with self._spool() as spool:
            spool.write(self._client.read(src))
            self._client.write(dest, spool)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def open_input_file(self, path: str) -> pa.NativeFile:
        status = self._status(path)
        if status["type"] != "FILE":
            raise IsADirectoryError(path)
        return pa.PythonFile(_Reader(self._client, path, int(status["length"])), mode="r")

    def open_output_stream(self, path: str, metadata: Any) -> pa.NativeFile:
        return pa.PythonFile(_Writer(self._client, path, self._spool()), mode="w")

    def open_append_stream(self, path: str, metadata: Any) -> pa.NativeFile:
        raise NotImplementedError("files are written whole")

    def rename(self, source: str, target: str, option: str) -> None:
        """Rename, with Hadoop's option `NONE` or `OVERWRITE`: both at one moment."""
        identity = self._status(source)["fileId"]
        try:
            self._client.ask("PUT", "RENAME", source, destination=target, renameoptions=option)
        except FileNotFoundError:
            # The answer to the first try may have been lost, and the second finds it done.
            if self._status(target)["fileId"] != identity:
                raise

    @staticmethod
    def _spool() -> IO[bytes]:
        directory = spool_directory()
        return tempfile.SpooledTemporaryFile(
            _SPOOLED_BYTES, dir=None if directory is None else str(directory)
        )

    def _status(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.ask("GET", "GETFILESTATUS", path)["FileStatus"]
        return found

    def _info(self, path: str) -> fs.FileInfo:
        try:
            return _info_of(path, self._status(path))
        except FileNotFoundError:
            return fs.FileInfo(path, fs.FileType.NotFound)

    def _below(self, path: str, *, recursive: bool) -> list[fs.FileInfo]:
        told = self._client.ask("GET", "LISTSTATUS", path)["FileStatuses"]["FileStatus"]
        found = []
        for status in told:
            if not status["pathSuffix"]:
                raise NotADirectoryError(path)
            info = _info_of(str(PurePosixPath(path, status["pathSuffix"])), status)
            found.append(info)
            if recursive and info.type == fs.FileType.Directory:
                found += self._below(info.path, recursive=True)
        return found

    def _delete(self, path: str) -> None:
        if not self._client.ask("DELETE", "DELETE", path, recursive="true")["boolean"]:
            raise FileNotFoundError(path)


class _Reader(io.RawIOBase):
    """A file that is read a part at a time."""

    def __init__(self, client: WebHdfs, path: str, size: int) -> None:
        self._client, self._path, self._size, self._at = client, path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        data = self._client.read(self._path, self._at, wanted)
        self._at += len(data)
        return data


class _Writer(io.RawIOBase):
    """A file that is collected on this machine's disk, and sent when it is closed."""

    def __init__(self, client: WebHdfs, path: str, spool: IO[bytes]) -> None:
        self._client, self._path, self._spool = client, path, spool

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._spool.write(data)

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        with self._spool:
            self._client.write(self._path, self._spool)


def _info_of(path: str, status: dict[str, Any]) -> fs.FileInfo:
    is_file = status["type"] == "FILE"
    return fs.FileInfo(
        path,
        fs.FileType.File if is_file else fs.FileType.Directory,
        size=int(status["length"]) if is_file else None,
        mtime=datetime.fromtimestamp(int(status["modificationTime"]) / 1000, tz=UTC),
    )
