"""UBJSON as XGBoost writes its models: arrays are read as views, and written as they come.

A library for UBJSON makes Python lists of numbers, or refuses XGBoost's arrays, and wants the whole
document before it writes the first byte.

References
----------
Universal Binary JSON, draft 12: https://ubjson.org
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError

_DTYPES = {
    letter: np.dtype(code)
    for letter, code in (
        (b"U", "u1"),
        (b"i", "i1"),
        (b"I", ">i2"),
        (b"l", ">i4"),
        (b"L", ">i8"),
        (b"d", ">f4"),
        (b"D", ">f8"),
    )
}
_LETTERS = {dtype: letter for letter, dtype in _DTYPES.items()}
_CONSTANTS: Mapping[bytes, bool | None] = {b"T": True, b"F": False, b"Z": None}
_INTEGERS = (b"i", b"I", b"l", b"L")  # from short to long
_LONG = struct.Struct(">q")


class Pairs(NamedTuple):
    """An object whose values are made while it is written.

    Parameters
    ----------
    items : iterable of (str, value)
        Keys and values, in the order of the file.
    """

    items: Iterable[tuple[str, Any]]


def read(data: bytes) -> Any:
    """The content of a document.

    Returns
    -------
    dict, list, str, int, float, bool, None or ndarray
        Typed arrays are read-only views of `data`, big-endian; other arrays are lists.

    Raises
    ------
    ModelError
        When it is cut off, or not UBJSON.
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1))
    reader.end()
    return value


def write(value: Any, sink: BinaryIO) -> None:
    """Write a document, or a part of one.

    Parameters
    ----------
    value : object
        What `read` returns; besides, an iterator is an array that nobody knows the length of yet,
        and `Pairs` an object that is not complete yet.
    sink : binary file
        Where to write.
    """
    if isinstance(value, np.ndarray):
        sink.write(_typed(value))
    elif isinstance(value, str):
        sink.write(b"S" + _text(value))
    elif value is None or isinstance(value, bool):
        sink.write(next(mark for mark, constant in _CONSTANTS.items() if constant is value))
    elif isinstance(value, int):
        sink.write(_integer(value))
    elif isinstance(value, float):
        sink.write(b"d" + struct.pack(">f", value))
    else:
        _write_container(value, sink)


def dumps(value: Any) -> bytes:
    """A document as bytes."""
    sink = io.BytesIO()
    write(value, sink)
    return sink.getvalue()


def _write_container(value: Any, sink: BinaryIO) -> None:
    if isinstance(value, Mapping):
        _write_object(value.items(), sink)
    elif isinstance(value, Pairs):
        _write_object(value.items, sink)
    elif isinstance(value, list):
        sink.write(b"[#" + _length(len(value)))
        _write_all(value, sink)
    elif isinstance(value, Iterator):
        sink.write(b"[")
        _write_all(value, sink)
        sink.write(b"]")
    else:
        raise TypeError(f"no UBJSON for {type(value).__name__}")


def _write_object(items: Iterable[tuple[str, Any]], sink: BinaryIO) -> None:
    sink.write(b"{")
    for key, value in items:
        sink.write(_text(key))
        write(value, sink)
    sink.write(b"}")


def _write_all(values: Iterable[Any], sink: BinaryIO) -> None:
    for value in values:
        write(value, sink)


def _typed(values: npt.NDArray[Any]) -> bytes:
    dtype = values.dtype.newbyteorder(">")
    letter = _LETTERS[dtype]
    head = b"[$" + letter + b"#" + _length(len(values))
    return head + values.astype(dtype, copy=False).tobytes()


def _integer(value: int) -> bytes:
    for letter in _INTEGERS:
        limits = np.iinfo(_DTYPES[letter])
        if limits.min <= value <= limits.max:
            return letter + value.to_bytes(_DTYPES[letter].itemsize, "big", signed=True)
    raise OverflowError(f"{value} needs more than 64 bits")


def _text(value: str) -> bytes:
    data = value.encode()
    return _length(len(data)) + data


def _length(value: int) -> bytes:
    # XGBoost reads lengths of this type only.
    return b"L" + _LONG.pack(value)


class _Reader:
    """A position in a document."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        start = self._advance(size)
        return self._data[start : self._place]

    def value(self, mark: bytes) -> Any:
        """The value that begins with this mark."""
        if mark == b"{":
            return dict(self._pairs())
        if mark == b"[":
            return self._array()
        if mark == b"S":
            return self._text()
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        return self._numbers(mark, 1)[0].item()

    def end(self) -> None:
        """Refuse bytes after the document."""
        if self._place < len(self._data):
            raise self._broken()

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        while (mark := self.take(1)) != b"}":
            self._place -= len(mark)  # keys have no mark, they begin with their length
            key = self._text()
            yield key, self.value(self.take(1))

    def _array(self) -> Any:
        mark = self.take(1)
        if mark == b"$":
            letter, _ = self.take(1), self.take(1)
            return self._numbers(letter, self._size())
        if mark == b"#":
            return [self.value(self.take(1)) for _ in range(self._size())]
        values = []
        while mark != b"]":
            values.append(self.value(mark))
            mark = self.take(1)
        return values

    def _text(self) -> str:
        try:
            return self.take(self._size()).decode()
        except UnicodeDecodeError as error:
            raise self._broken() from error

    def _size(self) -> int:
        letter = self.take(1)
        if letter not in _INTEGERS:
            raise self._broken()
        return int.from_bytes(self.take(_DTYPES[letter].itemsize), "big", signed=True)

    def _numbers(self, letter: bytes, count: int) -> npt.NDArray[Any]:
        dtype = _DTYPES.get(letter)
        if dtype is None:
            raise self._broken()
        start = self._advance(count * dtype.itemsize)
        return np.frombuffer(self._data, dtype, count, start)

    def _advance(self, size: int) -> int:
        start = self._place
        if not 0 <= size <= len(self._data) - start:
            raise self._broken()
        self._place += size
        return start

    def _broken(self) -> ModelError:
        return ModelError(
            f"not UBJSON as XGBoost writes it, or cut off, at byte {self._place} of "
            f"{len(self._data)}; train the model again or copy it again"
        )
