"""HDFS without a native library: the NameNode's HTTP interface, as a filesystem of pyarrow's."""

from pipeline.files.hdfs.filesystem import hdfs, rename_to_free

__all__ = ["hdfs", "rename_to_free"]
