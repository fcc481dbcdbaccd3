"""How much memory a checkpoint's network takes, before it is read."""

from __future__ import annotations

from pipeline.transfer.checkpoints import EncoderConfig

_MIB = 2**20
_BYTES = 4
UNTRAINED_COPIES = 3
"""Copies of all weights at a time while one is loaded, and written: as measured with MiniLM."""


# Of what a driver reads, or publishes, and the files that are made of it: as counted, not measured.
_COPIES_ON_DRIVER = 2


def driver_mb(config: EncoderConfig) -> int:
    """MiB of the driver that a network takes when its training ends, at least."""
    return weights_of(config) * _COPIES_ON_DRIVER * _BYTES // _MIB


def weights_of(config: EncoderConfig) -> int:
    """About how many weights an encoder has."""
    width, inner = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    return rows * width + config.num_hidden_layers * (4 * width * width + 2 * width * inner)


def as_is_mb(config: EncoderConfig) -> int:
    """MiB of a host that a checkpoint takes which is used without training, while it is made so."""
    return weights_of(config) * UNTRAINED_COPIES * _BYTES // _MIB
