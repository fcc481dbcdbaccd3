"""Creating a file only where there is none: how one of several writers wins.

Each kind of store can look and write at once: a disk by a hard link, S3 by a conditional put, HDFS
by a rename that replaces nothing. So a reader sees the file whole or not at all, and of several
writers one wins and the others are told.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

from pyarrow import fs

from pipeline.errors import StoreError
from pipeline.files.content import forget, part_name, write_bytes
from pipeline.files.filesystems import FAILURES, failure, is_object_store, resolve
from pipeline.files.hdfs import rename_to_free
from pipeline.files.uris import is_local, local_path

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_TAKEN = ("PreconditionFailed", "412")
# Others are writing the same key at this moment; who wins is not decided yet.
_UNDECIDED = ("ConditionalRequestConflict", "OperationAborted", "409")
_ATTEMPTS = 6
_PAUSE_S = 0.2


def create_bytes(uri: str, data: bytes) -> None:
    """Write a file whole, only if there is none of this name.

    Of several writers one succeeds.

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
        _create_on_s3(uri, path, data)
    else:
        _create_on_hdfs(uri, filesystem, path, data)


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
    try:
        write_bytes(uri, data)
    except BaseException:
        forget(fs.LocalFileSystem(), str(path))  # or an empty file would stand there for good
        raise


def _create_on_s3(uri: str, path: str, data: bytes) -> None:
    # pyarrow has no conditional put; boto3 reads the same environment and the same profiles.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = path.partition("/")
    try:
        client: Any = boto3.client("s3")
        for attempt in range(_ATTEMPTS):
            time.sleep(attempt * _PAUSE_S)
            try:
                client.put_object(Bucket=bucket, Key=key, Body=data, IfNoneMatch="*")
                return
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code in _TAKEN:
                    raise FileExistsError(uri) from None
                if code not in _UNDECIDED:
                    raise
    except (BotoCoreError, ClientError) as error:
        raise failure(uri, "written", error) from error
    raise StoreError(
        f"{uri}: cannot be written: others were writing it at the same time, {_ATTEMPTS} times in "
        "a row; run it again"
    )


def _create_on_hdfs(uri: str, filesystem: fs.PyFileSystem, path: str, data: bytes) -> None:
    part = part_name(path)
    try:
        with filesystem.open_output_stream(part, compression=None) as sink:
            sink.write(data)
        rename_to_free(filesystem, part, path)
    except FileExistsError:
        forget(filesystem, part)
        raise FileExistsError(uri) from None
    except FAILURES as error:
        forget(filesystem, part)
        raise failure(uri, "written", error) from error
