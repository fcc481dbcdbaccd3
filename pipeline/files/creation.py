"""Creating a file only where there is none: how one of several writers wins.

Each filesystem has its own way to do both at once, look and write: a hard link on a disk, a
conditional put on S3, a rename that does not replace on HDFS.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyarrow import fs

from pipeline.errors import StoreError
from pipeline.files.content import forget, part_name, write_bytes
from pipeline.files.filesystems import FAILURES, failure, is_object_store, resolve
from pipeline.files.uris import is_local, local_path

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


def create_bytes(uri: str, data: bytes) -> None:
    """Write a file whole, only if there is none of this name; of several writers one succeeds.

    Raises
    ------
    FileExistsError
        When it is there already.
    StoreError
        When it cannot be written.
    """
    if is_local(uri):
        _create_on_disk(uri, local_path(uri), data)
        return
    filesystem, path = resolve(uri)
    if is_object_store(filesystem):
        _create_on_s3(uri, data)
    else:
        _create_by_rename(uri, filesystem, path, data)


def _create_on_disk(uri: str, path: Path, data: bytes) -> None:
    part = Path(part_name(str(path)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
    except OSError as error:
        forget(fs.LocalFileSystem(), str(part))
        raise failure(uri, "written", error) from error
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise failure(uri, "written", error) from error
        _create_exclusively(uri, path, data)
    finally:
        forget(fs.LocalFileSystem(), str(part))


def _create_exclusively(uri: str, path: Path, data: bytes) -> None:
    """For disks without hard links: the name is taken first, then its content is put there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        raise
    except OSError as error:
        raise failure(uri, "written", error) from error
    write_bytes(uri, data)


def _create_on_s3(uri: str, data: bytes) -> None:
    # pyarrow has no conditional put; boto3 reads the same environment and the same profiles.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    place = urlsplit(uri)
    client: Any = boto3.client("s3")
    try:
        client.put_object(
            Bucket=place.netloc, Key=place.path.lstrip("/"), Body=data, IfNoneMatch="*"
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _TAKEN:
            raise FileExistsError(uri) from None
        raise failure(uri, "written", error) from error
    except BotoCoreError as error:
        raise failure(uri, "written", error) from error


def _create_by_rename(uri: str, filesystem: fs.FileSystem, path: str, data: bytes) -> None:
    part = part_name(path)
    try:
        filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        with filesystem.open_output_stream(part) as sink:
            sink.write(data)
        filesystem.move(part, path)
    except FAILURES as error:
        forget(filesystem, part)
        if filesystem.get_file_info(path).type != fs.FileType.NotFound:
            raise FileExistsError(uri) from None
        raise StoreError(f"{uri}: cannot be written: {error}") from error
