"""Tensors of a `.safetensors` file: a JSON header with a place for each, and the bytes.

Own reader: the package safetensors knows no bfloat16 in NumPy. The format: "Safetensors", Hugging
Face, README, section "Format".
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.transfer.checkpoints.numbers import KINDS, Array, decoded, is_possible
from pipeline.transfer.checkpoints.problems import broken

_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"
_KINDS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


@dataclass(frozen=True)
class _Place:
    name: str
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_safetensors(path: Path) -> dict[str, Array]:
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
        When the file is no such file, is cut off or damaged, or holds a type that is not read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        start, header = _header(path, file, size)
        places = sorted(
            (_place(path, name, entry) for name, entry in header.items() if name != _METADATA),
            key=lambda place: (place.begin, place.end),
        )
        _check_gapless(path, places, size - start)
        return {place.name: _tensor(path, file, start, place) for place in places}


def _header(path: Path, file: BinaryIO, size: int) -> tuple[int, Mapping[str, Any]]:
    """Where the bytes of tensors begin, and the header's content."""
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if size < _LENGTH_BYTES or length > min(_LONGEST_HEADER, size - _LENGTH_BYTES):
        raise broken(path, f"its header would have {length} bytes, the file has {size}")
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise broken(path, f"its header is no JSON ({error})") from error
    if not isinstance(header, dict):
        raise broken(path, "its header is no JSON object")
    return _LENGTH_BYTES + length, header


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _place(path: Path, name: str, entry: Any) -> _Place:
    try:
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise broken(path, f"its header gives no type, shape and place for {name}") from error
    numbers = [begin, end, *shape] if isinstance(shape, list) else [None]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise broken(path, f"shape or place of {name} are no counts")
    if not is_possible(shape):
        raise broken(path, f"no array can have the shape of {name}")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise broken(path, f"{name} is of type {kind}; read are {', '.join(_KINDS)}")
    expected = math.prod(shape) * KINDS[_KINDS[kind]].itemsize
    if end - begin != expected:
        raise broken(path, f"{name} has {end - begin} bytes instead of {expected}")
    return _Place(name, _KINDS[kind], tuple(shape), begin, end)


def _check_gapless(path: Path, places: list[_Place], size: int) -> None:
    """Each byte belongs to one tensor, as the format demands."""
    reached = 0
    for place in places:
        if place.begin != reached:
            raise broken(
                path, f"{place.name} begins at byte {place.begin} of the data instead of {reached}"
            )
        reached = place.end
    if reached != size:
        raise broken(path, f"its tensors take {reached} bytes, and {size} are there")


def _tensor(path: Path, file: BinaryIO, start: int, place: _Place) -> Array:
    file.seek(start + place.begin)
    content = file.read(place.end - place.begin)
    if len(content) != place.end - place.begin:
        raise broken(path, f"it ends within {place.name}")
    return decoded(content, place.kind).reshape(place.shape)
