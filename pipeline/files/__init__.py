"""Bytes at a URI: one small interface over the local disk, S3 and HDFS.

A URI is `file:///…`, `s3://…`, `hdfs://…`, or a plain path, which means the local disk.
"""

from pipeline.files.content import (
    download,
    open_stream,
    read_bytes,
    read_range,
    read_tail,
    upload,
    write_bytes,
)
from pipeline.files.creation import create_bytes
from pipeline.files.tree import (
    children,
    delete,
    exists,
    move_directory,
    names,
    require_writable,
    stamps,
)
from pipeline.files.uris import absolute, is_local, join, local_path

__all__ = [
    "absolute",
    "children",
    "create_bytes",
    "delete",
    "download",
    "exists",
    "is_local",
    "join",
    "local_path",
    "move_directory",
    "names",
    "open_stream",
    "read_bytes",
    "read_range",
    "read_tail",
    "require_writable",
    "stamps",
    "upload",
    "write_bytes",
]
