"""Checkpoints of `made_checkpoints`, and what transformers gives for them: `golden.npz`.

Made by `python -m tests.transfer.reference golden tests/transfer/golden.npz` in its environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

from pipeline.transfer.checkpoints import Checkpoint
from pipeline.transfer.checkpoints.names import Parts, parts_of
from pipeline.transfer.encoder import Encoder, build_encoder, load_encoder
from tests.transfer import made_checkpoints as made

FAMILIES = ("bert", "distilbert", "roberta")
_FILE = Path(__file__).parent / "golden.npz"


def golden(family: str) -> dict[str, np.ndarray]:
    """Hidden states, logits, BERT's pooled vectors, and gradients, all in one array."""
    with np.load(_FILE) as file:
        found = {name: file[name] for name in file if name.startswith(f"{family}/")}
    return {name.removeprefix(f"{family}/"): array for name, array in found.items()}


def golden_gradients(checkpoint: Checkpoint, family: str) -> Parts:
    """The gradients by our names."""
    shapes = made.shapes(family)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
    pieces = np.split(golden(family)["gradients"], ends[:-1])
    by_name = {
        name: piece.reshape(shape)
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }
    return parts_of(checkpoint.directory, checkpoint.config, by_name, checkpoint.outputs)


def arrays(*given: np.ndarray) -> list[Any]:
    """As MXNet's float32."""
    return [mx.nd.array(each, dtype="float32") for each in given]


def loaded(checkpoint: Checkpoint, **hybrid: bool) -> Encoder:
    """The checkpoint's encoder; hybridised when it is said how."""
    encoder = build_encoder(checkpoint.config)
    load_encoder(encoder, checkpoint)
    if hybrid:
        encoder.hybridize(**hybrid)
    return encoder


def gradients(block: Any) -> dict[str, np.ndarray]:
    """Of all parameters, by their names within the block."""
    named = block._collect_params_with_prefix()
    return {name: parameter.grad().asnumpy() for name, parameter in named.items()}
