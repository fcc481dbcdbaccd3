"""Pickles of PyTorch's files, read without PyTorch and without running what they name.

A pickle calls what it names. Here a name that is not on the list below is refused before anything
is called, and those on the list only note where a tensor lies. A pickle can also write into the
objects that it holds (opcode BUILD), so all of them are tuples, which cannot be written into.
Python's unpickler in Python reads them: that in C takes gigabytes for a few bytes that say so.
"""

from __future__ import annotations

import collections
import math
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NamedTuple

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.numbers import is_possible
from pipeline.transfer.checkpoints.problems import broken

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# Take memory before they read, or things that come from elsewhere; PyTorch writes none of them.
_UNUSED = {
    code[0]
    for code in (
        pickle.BYTEARRAY8,
        pickle.NEXT_BUFFER,
        pickle.READONLY_BUFFER,
        pickle.EXT1,
        pickle.EXT2,
        pickle.EXT4,
    )
}
_DAMAGE = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class Storage(NamedTuple):
    """Numbers that lie together in a file.

    Parameters
    ----------
    key : str
        What the file calls them.
    kind : str
        One of `numbers.KINDS`.
    length : int
        How many.
    """

    key: str
    kind: str
    length: int


class TensorPlace(NamedTuple):
    """A tensor: where its numbers lie.

    Parameters
    ----------
    storage : Storage
        Where to look.
    offset : int
        The first number's index there.
    shape : tuple of int
        Its shape.
    strides : tuple of int
        Steps in the storage from one index to the next, in numbers.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickled(path: Path, file: BinaryIO) -> Any:
    """The next pickle of an open file, with tensors as `TensorPlace`.

    Parameters
    ----------
    path : Path
        What errors call the file.
    file : binary file
        Open at the pickle; left behind its end.

    Raises
    ------
    ModelError
        When the pickle is damaged, or names anything but tensors and dictionaries.
    """
    try:
        return _Unpickler(path, _Short(path.stat().st_size, file)).load()
    except _DAMAGE as error:
        reason = f"{type(error).__name__}: {error}"
        raise broken(path, f"its list of tensors is damaged ({reason})") from error


class _Short:
    """Reads no more at once than the whole file has, whatever a pickle asks for."""

    def __init__(self, size: int, file: BinaryIO) -> None:
        self._size = size
        self._file = file

    def read(self, count: int) -> bytes:
        return self._file.read(min(count, self._size))

    def readline(self) -> bytes:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise EOFError("it ends within a name")
        return line


class _Unpickler(pickle._Unpickler):
    dispatch: ClassVar[Any] = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code not in _UNUSED
    }

    def __init__(self, path: Path, file: _Short) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        """What stands for the few names that a checkpoint needs."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch" and name in _STORAGES:
            return _Kind(_STORAGES[name])
        if (module, name) in _REBUILT:
            return _Call(_REBUILT[module, name])
        raise ModelError(
            f"{self._path} is refused: it asks to run {module}.{name}, and a checkpoint has no "
            "need to; use the checkpoint's model.safetensors, or another source"
        )

    def persistent_load(self, pid: Any) -> Storage:
        """Numbers: ("storage", type, key, device, count[, view]); only old files have views."""
        mark, kind, key, _device, count = pid[:5]
        if mark != "storage" or type(kind) is not _Kind or any(pid[5:]):
            raise pickle.UnpicklingError("not a tensor's numbers")
        return Storage(str(key), kind.name, _count(count))


class _Kind(NamedTuple):
    """Stands for a class of PyTorch's storages."""

    name: str


class _Call(NamedTuple):
    """Stands for a function of PyTorch."""

    function: Callable[..., TensorPlace]

    def __call__(self, *arguments: Any) -> TensorPlace:
        return self.function(*arguments)


def _tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *_about_gradients: Any
) -> TensorPlace:
    if not isinstance(storage, Storage):
        raise TypeError("a tensor without numbers")
    place = TensorPlace(
        storage, _count(offset), tuple(map(_count, shape)), tuple(map(_count, strides))
    )
    if not is_possible(place.shape) or not all(is_possible([step]) for step in place.strides):
        raise ValueError("a tensor of a shape that no array can have")
    steps = zip(place.shape, place.strides, strict=True)
    last = place.offset + sum((extent - 1) * step for extent, step in steps)
    # More elements than numbers: a small file could otherwise fill the memory.
    if math.prod(place.shape) > storage.length or (0 not in place.shape and last >= storage.length):
        raise ValueError(f"a tensor of shape {place.shape} in {storage.length} numbers")
    return place


def _parameter(tensor: Any, *_about_gradients: Any) -> TensorPlace:
    if not isinstance(tensor, TensorPlace):
        raise TypeError("a parameter without a tensor")
    return tensor


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


_REBUILT: dict[tuple[str, str], Callable[..., TensorPlace]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
