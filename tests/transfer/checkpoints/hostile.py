"""Pickles that run what they should not, in files as PyTorch lays them out."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
MACHINE = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {}}


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._path),)


def zip_file(path: Path, pickled: bytes, **others: bytes) -> Path:
    """The layout of today."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in others.items():
            archive.writestr(f"archive/{name.replace('__', '/')}", content)
    return path


def old_file(path: Path, *parts: Any) -> Path:
    """The layout before PyTorch 1.6: what is not bytes is pickled."""
    content = [part if isinstance(part, bytes) else pickle.dumps(part, 2) for part in parts]
    path.write_bytes(b"".join(content))
    return path


def tensor(count: Any = 4, shape: tuple[Any, ...] = (4,), after: bytes = b"") -> bytes:
    """A pickle of {"a": a tensor}, by hand; `after` goes behind the tensor's storage.

    Its opcodes are those that torch.save writes.
    """
    strides = tuple(1 for _ in shape)
    return (
        b"\x80\x02}(X\x01\x00\x00\x00a"
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        + _bare(count)
        + b"tQ"
        + after
        + b"K\x00"
        + _bare(shape)
        + _bare(strides)
        + b"\x89ccollections\nOrderedDict\n)RtRu."
    )


def _bare(value: Any) -> bytes:
    """A value's opcodes, without what begins and ends a pickle."""
    return pickle.dumps(value, 2)[2:-1]
