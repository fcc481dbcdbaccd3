"""Vectors of texts by a checkpoint, in one process. Imports MXNet: for executors only."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np

from pipeline.deep.padded import Padded
from pipeline.deep.runtime import set_threads
from pipeline.transfer.as_is_network import loaded_base
from pipeline.transfer.checkpoint_place import CheckpointPlace
from pipeline.transfer.token_rows import Floats


class Embedding:
    """A checkpoint's encoder, pooled.

    Parameters
    ----------
    place : CheckpointPlace
        The checkpoint.
    max_length, windows : int
        Of each row of tokens.
    pooling : str
        A key of `POOLINGS`.
    is_unit : bool
        Whether vectors are to have length 1.
    threads : int
        Threads to compute with.
    """

    def __init__(
        self,
        place: CheckpointPlace,
        max_length: int,
        windows: int,
        pooling: str,
        *,
        is_unit: bool,
        threads: int,
    ) -> None:
        set_threads(threads)
        self._padded = Padded(max_length, windows)
        self._units = place.config.hidden_size
        self._is_unit = is_unit
        with mx.name.NameManager():
            self._base = loaded_base(place.read(), pooling, has_windows=windows > 1)
        self._base.hybridize(static_alloc=True)

    def vectors(self, rows: Floats) -> Floats:
        """One vector for each row of tokens, float32 of shape (rows, units).

        Rows of like length are computed together.
        """
        found = np.empty((len(rows), self._units), np.float32)
        for places in self._padded.batches(self._padded.lengths(rows)):
            found[places] = self._of(self._padded.cut(rows[places]))
        return found

    def _of(self, tokens: Any) -> Any:
        values = self._base(mx.nd.array(tokens)).asnumpy()
        if not self._is_unit:
            return values
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
