"""From rows of tokens to one vector each. Imports MXNet: for executors only."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock

from pipeline.deep.padded import Padded
from pipeline.transfer.checkpoints import Checkpoint, EncoderConfig
from pipeline.transfer.encoder import build_encoder, load_encoder
from pipeline.transfer.pooling import build_pooling, load_pooling
from pipeline.transfer.token_rows import Floats


class TextBase(HybridBlock):  # type: ignore[misc]
    """An encoder over the windows of each row, and what it gives put together.

    Called with tokens as `token_rows` has them, of shape (rows, windows, steps): 2 x id + token
    type, NaN for padding. Gives shape (rows, units): the mean over the windows that a row uses.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    pooling : HybridBlock
        Called with hidden states and their mask; makes one vector of a window.
    has_windows : bool
        Whether rows have more than one window.
    """

    def __init__(self, config: EncoderConfig, pooling: Any, *, has_windows: bool) -> None:
        super().__init__()
        self._pad = 2 * config.pad_token_id
        self._has_windows = has_windows
        with self.name_scope():
            self.encoder = build_encoder(config)
            self.pooling = pooling
            self.over_windows = build_pooling(config, "mean")

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        """One vector for each row."""
        is_known = numbers == numbers  # NaN is not
        packed = F.where(is_known, numbers, F.ones_like(numbers) * self._pad)
        packed, mask = (F.reshape(each, shape=(-1, 0), reverse=True) for each in (packed, is_known))
        ids = F.floor(packed / 2)
        found = self.pooling(self.encoder(ids, packed - ids * 2, mask), mask)
        if not self._has_windows:
            return found
        is_used = F.max(is_known, axis=2)
        by_row = F.reshape_like(found, is_used, lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2)
        return self.over_windows(by_row, is_used)


def pooled_base(config: EncoderConfig, pooling: str, *, has_windows: bool) -> TextBase:
    """A base whose vectors are pooled in one of the ways of `POOLINGS`."""
    return TextBase(config, build_pooling(config, pooling), has_windows=has_windows)


def loaded_base(found: Checkpoint, pooling: str, *, has_windows: bool) -> TextBase:
    """A checkpoint's encoder, pooled."""
    base = pooled_base(found.config, pooling, has_windows=has_windows)
    load_encoder(base.encoder, found)
    load_pooling(base.pooling, found)
    return base


def vectors_of(base: TextBase, rows: Floats, padded: Padded) -> Floats:
    """One vector for each row of tokens, float32 of shape (rows, units).

    Rows of like length are computed together.

    Parameters
    ----------
    base : TextBase
        What makes them.
    rows : ndarray of float32, shape (rows, windows x max_length)
        As `Tokeniser.encode` gives them.
    padded : Padded
        How they are laid out.
    """
    found = np.empty((len(rows), base.encoder.config.hidden_size), np.float32)
    for places in padded.batches(padded.lengths(rows)):
        found[places] = base(mx.nd.array(padded.cut(rows[places]))).asnumpy()
    return found


def of_length_one(vectors: Floats) -> Floats:
    """The same directions; a vector of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9))
