"""The network of a checkpoint that is used without training. Imports MXNet: for executors only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock

from pipeline.deep.exporting import exported
from pipeline.deep.padded import Padded
from pipeline.deep.runtime import set_threads
from pipeline.transfer.as_is import AsIs
from pipeline.transfer.checkpoints import Checkpoint
from pipeline.transfer.encoder import load_encoder
from pipeline.transfer.heads import build_head, load_head
from pipeline.transfer.text_base import TextBase, loaded_base, of_length_one, vectors_of

# How much a cosine counts before softmax: sentence encoders were trained with that (`scale` of
# MultipleNegativesRankingLoss in the library of N. Reimers, I. Gurevych, arXiv 1908.10084).
_SCALE = 20.0
_TINY = 1e-12


class Nearest(HybridBlock):  # type: ignore[misc]
    """Cosines of a text's vector and those of the classes, shape (rows, classes).

    Parameters
    ----------
    base : TextBase
        Makes a vector of a text.
    classes : ndarray of float32, shape (classes, units)
        Vectors of length 1.
    """

    def __init__(self, base: TextBase, classes: Any) -> None:
        super().__init__()
        self._many = len(classes)
        with self.name_scope():
            self.base = base
            self.classes = self.params.get_constant("classes", mx.nd.array(classes * _SCALE))

    def hybrid_forward(self, F: Any, numbers: Any, classes: Any) -> Any:  # noqa: N803
        """Cosines, times what softmax is to make of them."""
        vectors = self.base(numbers)
        lengths = F.sqrt(F.sum(F.square(vectors), axis=1, keepdims=True) + _TINY)
        own = F.broadcast_div(vectors, lengths)
        return F.FullyConnected(own, classes, num_hidden=self._many, no_bias=True)


def as_is_files(wanted: AsIs, threads: int = 1) -> dict[str, bytes]:
    """The files of the network."""
    set_threads(threads)
    make = _with_own_head if wanted.outputs else _nearest
    with mx.name.NameManager():
        net = make(wanted, wanted.place.read())  # gone before the files are made
        net.hybridize(static_alloc=True)
        net(mx.nd.array(np.full((1, wanted.windows, wanted.max_length), np.nan, np.float32)))
        return exported(net)


def _with_own_head(wanted: AsIs, found: Checkpoint) -> Any:
    """The outputs that are the label's classes; over windows their mean."""
    last = {name: np.asarray(value) for name, value in found.head.items()}
    for name in ("output.weight", "output.bias"):
        last[name] = last[name][list(wanted.outputs)]
    own = replace(found, head=last)
    head = build_head(found.config, len(wanted.outputs))
    net = TextBase(found.config, head, has_windows=wanted.windows > 1)
    load_encoder(net.encoder, found)
    load_head(head, own)
    return net


def _nearest(wanted: AsIs, found: Checkpoint) -> Any:
    base = loaded_base(found, wanted.pooling, has_windows=wanted.windows > 1)
    padded = Padded(wanted.max_length, wanted.windows)
    vectors = of_length_one(vectors_of(base, np.asarray(wanted.texts), padded))
    ends = np.cumsum(wanted.sizes)
    classes = [
        vectors[end - size : end].mean(axis=0) for end, size in zip(ends, wanted.sizes, strict=True)
    ]
    net = Nearest(base, of_length_one(np.array(classes)))
    net.classes.initialize()
    return net
