"""Tensors of a `pytorch_model.bin`, without PyTorch: a zip file, or the layout before PyTorch 1.6.

Both are laid out by `torch.serialization`. Every pickle in them, the old layout's leading ones
too, goes through the list of `torch_pickle`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.transfer.checkpoints.numbers import KINDS, Array, decoded
from pipeline.transfer.checkpoints.problems import broken
from pipeline.transfer.checkpoints.torch_pickle import Storage, TensorPlace, unpickled

_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_VERSION = 1001
_COUNT_BYTES = 8


def read_torch(path: Path) -> dict[str, Array]:
    """All tensors of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to ndarray
        By name; floating point numbers of any width as float32, integers as they are.

    Raises
    ------
    ModelError
        When the file is neither layout, is cut off or damaged, or asks to run anything.
    """
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
        file.seek(0)
        places, numbers = (_of_zip if is_zip else _of_old_layout)(path, file)
    return {name: _tensor(place, numbers) for name, place in places.items()}


def _of_zip(path: Path, file: BinaryIO) -> tuple[dict[str, TensorPlace], dict[str, Array]]:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {info.filename.partition("/")[2]: info for info in archive.infolist()}
            if "data.pkl" not in entries:
                raise broken(path, "the zip file has no data.pkl")
            if any(info.compress_type != zipfile.ZIP_STORED for info in entries.values()):
                raise broken(path, "PyTorch does not compress its files, and this one is")
            if "byteorder" in entries and archive.read(entries["byteorder"]) != b"little":
                raise broken(path, "its numbers have the highest byte first")
            places = _places(path, unpickled(path, io.BytesIO(archive.read(entries["data.pkl"]))))
            numbers = {
                key: _decoded(path, archive.read(entries[f"data/{key}"]), storage)
                for key, storage in _storages(path, places).items()
            }
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise broken(path, str(error)) from error
    except KeyError as error:
        raise broken(path, f"the zip file lacks {error}") from error
    return places, numbers


def _of_old_layout(path: Path, file: BinaryIO) -> tuple[dict[str, TensorPlace], dict[str, Array]]:
    """A magic number, a version and facts of the machine; the tensors; keys, and their numbers."""
    if unpickled(path, file) != _OLD_MAGIC or unpickled(path, file) != _OLD_VERSION:
        raise broken(path, "it is no file of torch.save")
    machine = unpickled(path, file)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise broken(path, "its numbers have the highest byte first")
    places = _places(path, unpickled(path, file))
    storages = _storages(path, places)
    keys = unpickled(path, file)
    if not isinstance(keys, list) or not set(storages) <= set(map(str, keys)):
        raise broken(path, "its list of storages is damaged")
    numbers: dict[str, Array] = {}
    size = path.stat().st_size
    for key in map(str, keys):
        if key not in storages:
            raise broken(path, f"storage {key} belongs to no tensor")
        storage = storages[key]
        count = int.from_bytes(file.read(_COUNT_BYTES), "little")
        if count != storage.length:
            raise broken(path, f"storage {key} has {count} numbers instead of {storage.length}")
        numbers[key] = _decoded(path, file.read(min(_size(storage), size)), storage)
    return places, numbers


def _places(path: Path, found: Any) -> dict[str, TensorPlace]:
    if not isinstance(found, dict):
        raise broken(path, "it holds no tensors by name; was the whole model saved?")
    # Not found.items(): a pickle may have given the dictionary an attribute of that name.
    items = list(dict.items(found))
    for name, value in items:
        if not isinstance(name, str) or not isinstance(value, TensorPlace):
            raise broken(path, f"{name!r} is no tensor; was more than the weights saved?")
    return dict(items)


def _storages(path: Path, places: Mapping[str, TensorPlace]) -> dict[str, Storage]:
    found: dict[str, Storage] = {}
    for storage in (place.storage for place in places.values()):
        if found.setdefault(storage.key, storage) != storage:
            raise broken(path, f"its tensors disagree about storage {storage.key}")
    return found


def _size(storage: Storage) -> int:
    return storage.length * KINDS[storage.kind].itemsize


def _decoded(path: Path, content: bytes, storage: Storage) -> Array:
    if len(content) != _size(storage):
        raise broken(
            path, f"storage {storage.key} has {len(content)} bytes instead of {_size(storage)}"
        )
    return decoded(content, storage.kind)


def _tensor(place: TensorPlace, numbers: Mapping[str, Array]) -> Array:
    flat = numbers[place.storage.key]
    if 0 in place.shape:
        return np.zeros(place.shape, flat.dtype)
    view = np.lib.stride_tricks.as_strided(
        flat[place.offset :],
        place.shape,
        [step * flat.itemsize for step in place.strides],
        writeable=False,
    )
    return np.ascontiguousarray(view)
