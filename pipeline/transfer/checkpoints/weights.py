"""The tensors of a checkpoint's directory, from whichever of the usual files it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.numbers import Array
from pipeline.transfer.checkpoints.problems import broken
from pipeline.transfer.checkpoints.safetensors_file import read_safetensors
from pipeline.transfer.checkpoints.torch_file import read_torch

# safetensors first: nothing in it can ask to be run.
_READERS: dict[str, Callable[[Path], dict[str, Array]]] = {
    "model.safetensors": read_safetensors,
    "pytorch_model.bin": read_torch,
}
WEIGHTS = tuple(_READERS)
"""Files of weights, in the order in which they are looked for."""
INDEX = ".index.json"
"""What the name of an index ends with, behind that of the weights that it has the parts of."""


def read_weights(directory: Path) -> dict[str, Array]:
    """All tensors of a checkpoint.

    Parameters
    ----------
    directory : Path
        Has `model.safetensors` or `pytorch_model.bin`, or one of them in parts with an index
        (`model.safetensors.index.json`); the first of these counts.

    Returns
    -------
    dict of str to ndarray
        By name; floating point numbers as float32, integers as they are.

    Raises
    ------
    ModelError
        When there is no such file, or it is damaged.
    """
    for name, reader in _READERS.items():
        if (directory / name).is_file():
            return reader(directory / name)
        if (directory / f"{name}{INDEX}").is_file():
            return _of_parts(directory / f"{name}{INDEX}", reader)
    raise ModelError(
        f"{directory} has no weights that can be read: {' or '.join(_READERS)}, whole or in parts; "
        "weights for TensorFlow, Flax or ONNX are not read"
    )


def _of_parts(index: Path, reader: Callable[[Path], dict[str, Array]]) -> dict[str, Array]:
    places = places_of(index, index.read_bytes())
    found: dict[str, Array] = {}
    for name in sorted(set(places.values())):
        part = index.parent / name
        if not part.is_file():
            raise ModelError(f"{index.parent} lacks {name}, which {index.name} names; bring it too")
        found |= {key: value for key, value in reader(part).items() if places.get(key) == name}
    missing = sorted(set(places) - set(found))
    if missing:
        raise broken(index, f"{missing[0]} is not in {places[missing[0]]}, where it says")
    return found


def places_of(index: Path | str, content: bytes) -> dict[str, str]:
    """The part of each tensor.

    Parameters
    ----------
    index : Path or str
        What errors call the index.
    content : bytes
        Its content.

    Raises
    ------
    ModelError
        When it is no index, or a part is no file beside it.
    """
    try:
        found: Any = json.loads(content)
        places = dict(found["weight_map"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(index, "it has no weight_map with a file for each tensor") from error
    for name in places.values():
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise broken(index, f"{name!r} is not the name of a file beside it")
    return places
