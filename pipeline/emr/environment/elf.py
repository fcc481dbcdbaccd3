"""What a shared library looks for, and where: read and mended in the file itself.

A library that was linked against one in a virtual environment remembers that environment's path,
which is not there on a node. `patchelf` would mend it, were it on every machine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

_HEADER = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian, version 1
_LOAD, _DYNAMIC = 1, 2
_NULL, _NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 0, 1, 5, 14, 15, 29
_NAMED = (_NEEDED, _SONAME, _RPATH, _RUNPATH)


@dataclass(frozen=True)
class _Dynamic:
    """The dynamic section: pairs of tag and value, and where their strings are in the file."""

    entries: list[tuple[int, int]]
    strings: int

    def values(self, *tags: int) -> list[int]:
        return [value for tag, value in self.entries if tag in tags]


def needed(path: Path) -> list[str]:
    """The names of the libraries that a library needs."""
    data = path.read_bytes()
    dynamic = _dynamic(data, path)
    return [_string(data, dynamic.strings + value) for value in dynamic.values(_NEEDED)]


def search_path(path: Path) -> str | None:
    """Where a library looks for them first; None where it says nothing."""
    data = path.read_bytes()
    dynamic = _dynamic(data, path)
    for value in dynamic.values(_RPATH, _RUNPATH):
        return _string(data, dynamic.strings + value)
    return None


def set_search_path(path: Path, new: str) -> None:
    """Write another search path over the one that is there.

    Raises
    ------
    UserError
        When there is none, or it is shorter, or a part of it also serves as another name.
    """
    data = bytearray(path.read_bytes())
    dynamic = _dynamic(data, path)
    offsets = dynamic.values(_RPATH, _RUNPATH)
    if len(offsets) != 1:
        raise UserError(f"{path.name}: has {len(offsets)} search paths (RUNPATH), expected one")
    start = dynamic.strings + offsets[0]
    old = _string(data, start)
    if old == new:
        return
    room = len(old.encode())
    wanted = new.encode()
    others = [value for tag, value in dynamic.entries if tag in (_NEEDED, _SONAME)]
    if len(wanted) > room or any(offsets[0] < other <= offsets[0] + room for other in others):
        raise UserError(f"{path.name}: there is no room for {new} in place of {old} (RUNPATH)")
    data[start : start + room] = wanted.ljust(room, b"\0")
    path.write_bytes(data)


def _dynamic(data: bytes | bytearray, path: Path) -> _Dynamic:
    if bytes(data[: len(_HEADER)]) != _HEADER:
        raise UserError(f"{path}: is not a 64-bit ELF library")
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    loads: list[tuple[int, int, int]] = []
    entries: list[tuple[int, int]] = []
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", data, table + index * size
        )
        if kind == _LOAD:
            loads.append((address, offset, length))
        elif kind == _DYNAMIC:
            entries = _entries(data, offset, length)
    dynamic = _Dynamic(entries, 0)
    for strings in dynamic.values(_STRTAB):
        for address, offset, length in loads:
            if address <= strings < address + length:
                return _Dynamic(entries, strings - address + offset)
    raise UserError(f"{path}: is not a shared library that can be loaded")


def _entries(data: bytes | bytearray, offset: int, length: int) -> list[tuple[int, int]]:
    found = []
    for place in range(offset, offset + length, 16):
        tag, value = struct.unpack_from("<qQ", data, place)
        if tag == _NULL:
            break
        found.append((tag, value))
    return found


def _string(data: bytes | bytearray, start: int) -> str:
    return bytes(data[start : data.index(b"\0", start)]).decode()
