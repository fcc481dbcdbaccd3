"""From a URI to a filesystem of pyarrow's, and from its errors to ours."""

from __future__ import annotations

import errno
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from pipeline.errors import AccessError, StoreError, UserError
from pipeline.files.hdfs import hdfs
from pipeline.files.uris import absolute, local_path

SCHEMES = ("file", "s3", "s3a", "hdfs")

FAILURES = (OSError, pa.ArrowException)
"""What pyarrow raises when a filesystem fails."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_UNREACHABLE = errno.EHOSTUNREACH

_INVALID = "the AWS credentials are not valid; renew them"
# What S3 says, as pyarrow and as botocore write it, and what it means for the user; the first line
# with a mark that occurs is taken.
_S3_MEANINGS = (
    (("NO_SUCH_BUCKET", "NoSuchBucket"), "there is no such bucket; make it, or correct the URI"),
    (("EXPIRED_TOKEN", "ExpiredToken"), "the AWS credentials have expired; renew them"),
    (("INVALID_ACCESS_KEY_ID", "InvalidAccessKeyId"), _INVALID),
    (("SIGNATURE_DOES_NOT_MATCH", "SignatureDoesNotMatch"), _INVALID),
    (
        ("ACCESS_DENIED", "AccessDenied"),
        "access is denied; give the role or the credentials the right to it",
    ),
    (
        # With the space: a key may begin with this word.
        (" credentials",),
        "no AWS credentials were found; give the instance a role, or set a profile",
    ),
)


def resolve(uri: str) -> tuple[fs.FileSystem, str]:
    """The filesystem of a URI, and the path in it.

    Raises
    ------
    UserError
        For a scheme that is not known.
    StoreError
        When the filesystem cannot be reached.
    """
    full = absolute(uri)
    scheme = urlsplit(full).scheme
    if scheme not in SCHEMES:
        raise UserError(f"{uri}: unknown scheme {scheme}; use one of {', '.join(SCHEMES)}")
    if scheme == "file":
        return fs.LocalFileSystem(), str(local_path(full))
    if scheme == "hdfs":
        return hdfs(full)
    if scheme == "s3a":
        full = "s3" + full.removeprefix("s3a")
    try:
        filesystem, path = fs.FileSystem.from_uri(full)
    except FAILURES as error:
        raise failure(uri, "reached", error) from error
    return filesystem, path


def is_object_store(filesystem: fs.FileSystem) -> bool:
    """Whether it shows a file only when its upload is complete, and cannot rename."""
    return isinstance(filesystem, fs.S3FileSystem)


def failure(uri: str, done: str, error: BaseException) -> StoreError:
    """The error to raise when something at `uri` cannot be `done` ("read", "written")."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number in _FULL:
        return StoreError(f"{uri}: cannot be {done}: the disk is full; free space, or use another")
    if number in _DENIED:
        return AccessError(
            f"{uri}: cannot be {done}: permission denied; give this user the right to it, or "
            "choose another place"
        )
    if number == errno.ENOTDIR:
        return AccessError(
            f"{uri}: cannot be {done}: a part of its path is a file; choose another place"
        )
    if number == _UNREACHABLE:
        return StoreError(f"{uri}: cannot be {done}: {getattr(error, 'strerror', text)}")
    for marks, meaning in _S3_MEANINGS:
        if any(mark in text for mark in marks):
            return AccessError(f"{uri}: cannot be {done}: {meaning}")
    return StoreError(f"{uri}: cannot be {done}: {text}")
