"""Vectors of texts by a checkpoint, in one process. Imports MXNet: for executors only."""

from __future__ import annotations

import mxnet as mx

from pipeline.deep.padded import Padded
from pipeline.deep.runtime import set_threads
from pipeline.transfer.checkpoint_place import CheckpointPlace
from pipeline.transfer.text_base import loaded_base, of_length_one, vectors_of
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
        self._is_unit = is_unit
        with mx.name.NameManager():
            self._base = loaded_base(place.read(), pooling, has_windows=windows > 1)
        self._base.hybridize(static_alloc=True)

    def vectors(self, rows: Floats) -> Floats:
        """One vector for each row of tokens, float32 of shape (rows, units)."""
        found = vectors_of(self._base, rows, self._padded)
        return of_length_one(found) if self._is_unit else found
