"""A checkpoint of the Hugging Face model zoo, read from its directory; without MXNet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.configuration import (
    FILE,
    EncoderConfig,
    encoder_config,
    read_json,
)
from pipeline.transfer.checkpoints.families import FAMILIES
from pipeline.transfer.checkpoints.names import parts_of
from pipeline.transfer.checkpoints.numbers import Array
from pipeline.transfer.checkpoints.weights import read_weights

_CLASSIFIER = "ForSequenceClassification"


@dataclass(frozen=True)
class Checkpoint:
    """Weights with all that is needed to use them.

    Parameters
    ----------
    directory : Path
        Where they were read.
    config : EncoderConfig
        The encoder's architecture.
    encoder, pooler, head : mapping of str to ndarray of float32
        Arrays by the names of the parameters of our blocks; `pooler` and `head` are empty where
        the checkpoint has none.
    labels : tuple of str
        Names of the head's outputs; empty where there is no head.
    problem : str
        What the head was trained for: `single_label_classification`,
        `multi_label_classification`, `regression`, or empty where that is not said.
    head_problem : str
        Why the head that `config.json` promises cannot be read; it counts as none. Empty where
        there is none, or it can.
    ignored : tuple of str
        Tensors of the files that are not used here: buffers, and heads of other tasks.
    """

    directory: Path
    config: EncoderConfig
    encoder: Mapping[str, Array]
    pooler: Mapping[str, Array]
    head: Mapping[str, Array]
    labels: tuple[str, ...]
    problem: str
    head_problem: str
    ignored: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """Units of its own head; 0: it has none."""
        return len(self.labels)


def read_config(directory: Path) -> EncoderConfig:
    """The architecture alone, without its weights.

    Parameters
    ----------
    directory : Path
        Has a `config.json`.

    Raises
    ------
    ModelError
        When there is none, or its architecture is none of those known here.
    """
    path = directory / FILE
    return encoder_config(path, read_json(path))


def read(directory: Path) -> Checkpoint:
    """A whole checkpoint, checked: each tensor is there, in the shape that its config wants.

    Parameters
    ----------
    directory : Path
        Has a `config.json`, and `model.safetensors` or `pytorch_model.bin`, whole or in parts.

    Returns
    -------
    Checkpoint
        With all arrays in memory, as float32.

    Raises
    ------
    ModelError
        When a file is missing or damaged, the architecture is unknown, or the encoder's tensors do
        not fit it.
    """
    path = directory / FILE
    content = read_json(path)
    config = encoder_config(path, content)
    tensors = read_weights(directory)
    outputs = _outputs(config, content, tensors)
    labels: tuple[str, ...] = ()
    head_problem = ""
    try:
        parts = parts_of(directory, config, tensors, outputs)
        labels = () if outputs is None else _labels(path, content, outputs)
    except ModelError as error:
        if outputs is None:
            raise
        # Most strategies use no head of the checkpoint's.
        parts, head_problem = parts_of(directory, config, tensors, None), str(error)
    return Checkpoint(
        directory=directory,
        config=config,
        encoder=parts.encoder,
        pooler=parts.pooler,
        head=parts.head,
        labels=labels,
        problem=str(content.get("problem_type") or ""),
        head_problem=head_problem,
        ignored=parts.ignored,
    )


def _outputs(
    config: EncoderConfig, content: Mapping[str, Any], tensors: Mapping[str, Array]
) -> int | None:
    """Units of the classification head, None without one: heads for single tokens look alike."""
    architectures = content.get("architectures")
    named = architectures if isinstance(architectures, list) else []
    if not any(str(name).endswith(_CLASSIFIER) for name in named):
        return None
    last = f"{FAMILIES[config.family].head['output']}.weight"
    sizes = [len(tensor) for name, tensor in tensors.items() if _ends(name, last) and tensor.ndim]
    labels = content.get("id2label")
    return sizes[0] if sizes else len(labels) if isinstance(labels, dict) else 2


def _ends(name: str, end: str) -> bool:
    return re.search(rf"(^|\.){re.escape(end)}$", name) is not None


def _labels(path: Path, content: Mapping[str, Any], outputs: int) -> tuple[str, ...]:
    """Names of the outputs, in their order."""
    named = content.get("id2label")
    if named is None:
        return tuple(f"LABEL_{index}" for index in range(outputs))
    if not isinstance(named, dict) or set(named) != {str(index) for index in range(outputs)}:
        raise ModelError(
            f"{path} does not name the {outputs} outputs of its classification head: id2label "
            f"needs the keys 0 to {outputs - 1}"
        )
    return tuple(str(named[str(index)]) for index in range(outputs))
