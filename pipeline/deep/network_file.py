"""A trained network's two files, and the network made from them again; without Horovod."""

from __future__ import annotations

import difflib
import json
import tempfile
import warnings
from collections.abc import Mapping
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.data.encoding import Matrix
from pipeline.deep.inputs import InputLayout
from pipeline.deep.padded import Padded
from pipeline.errors import UserError
from pipeline.files.local_directory import spool_directory

SYMBOL, WEIGHTS = "network-symbol.json", "network-0000.params"
_BATCH_ROWS = 8_192

Doubles = npt.NDArray[np.float64]


class SavedNetwork:
    """A network in this process.

    Parameters
    ----------
    natives : mapping of str to bytes
        Its files: `SYMBOL` and `WEIGHTS`.
    layout : InputLayout
        The columns it was trained on.
    outputs : int
        Units of its output.
    device : Context, optional
        MXNet's device to compute on; the CPU by default.
    layer : str
        A layer whose outputs `layer` is to give; empty: none.
    padded : Padded, optional
        How rows are padded: the network is then called with rows of like length, cut.

    Raises
    ------
    UserError
        When the network has no such layer.

    Notes
    -----
    Of padded rows, what a row comes to may differ in the last digits with the rows beside it.
    """

    def __init__(
        self,
        natives: Mapping[str, bytes],
        layout: InputLayout,
        outputs: int,
        device: Any = None,
        layer: str = "",
        padded: Padded | None = None,
    ) -> None:
        self._padded = padded
        self._layout = layout
        self._outputs = outputs
        self._device = device
        self._net = self._opened(natives, layer)

    def outputs(self, features: Matrix) -> Doubles:
        """What the network gives for encoded rows, shape (rows, outputs)."""
        parts = self._batches(features)
        return np.concatenate(parts) if parts else np.zeros((0, self._outputs))

    def layer(self, features: Matrix) -> Doubles:
        """What the chosen layer gives for encoded rows, shape (rows, units)."""
        parts = [part.reshape(len(part), -1) for part in self._batches(features)]
        return np.concatenate(parts) if parts else np.zeros((0, 0))

    def _batches(self, features: Matrix) -> list[Doubles]:
        if self._padded is not None:
            return self._by_length(features, self._padded)
        return [
            self._forward(features[start : start + _BATCH_ROWS])
            for start in range(0, features.shape[0], _BATCH_ROWS)
        ]

    def _by_length(self, features: Matrix, padded: Padded) -> list[Doubles]:
        """Outputs of batches of rows of like length, put in the rows' order, as one part."""
        lengths = padded.lengths(self._layout.numbers(features))
        places = list(padded.batches(lengths))
        parts = [self._forward(features[own]) for own in places]
        if not parts:
            return []
        sizes = {part.shape[1:] for part in parts}
        is_by_row = all(len(part) == len(own) for part, own in zip(parts, places, strict=True))
        if len(sizes) > 1 or not is_by_row or parts[0].ndim != 2:
            raise UserError(
                "outputLayer: what this layer gives depends on how long the rows of a batch are; "
                "choose a layer behind the one that puts a row's steps together"
            )
        found = np.empty((features.shape[0], parts[0].shape[1]))
        for own, part in zip(places, parts, strict=True):
            found[own] = part
        return [found]

    def _opened(self, natives: Mapping[str, bytes], layer: str) -> Any:
        from mxnet.gluon import SymbolBlock

        symbol = _cut(natives[SYMBOL], layer) if layer else natives[SYMBOL]
        self._are_used = _used(symbol, input_names(self._layout))
        with tempfile.TemporaryDirectory(dir=spool_directory()) as name:
            (Path(name) / SYMBOL).write_bytes(symbol)
            (Path(name) / WEIGHTS).write_bytes(natives[WEIGHTS])
            with warnings.catch_warnings():
                # Types are decided by the inputs; MXNet wonders about that on stderr.
                warnings.filterwarnings("ignore", message="Cannot decide type")
                net = SymbolBlock.imports(
                    str(Path(name) / SYMBOL),
                    list(compress(input_names(self._layout), self._are_used)),
                    str(Path(name) / WEIGHTS),
                    ctx=self._device,
                    ignore_extra=bool(layer),
                )
        if self._padded is not None:  # of many shapes: memory would grow with each
            net.hybridize(static_alloc=True)
        return net

    def _forward(self, features: Matrix) -> Doubles:
        import mxnet as mx

        numbers = self._layout.numbers(features)
        if self._padded is not None:
            numbers = self._padded.cut(numbers)
        inputs = self._layout.given(numbers, self._layout.codes(features))
        used = compress(inputs, self._are_used)
        found = self._net(*(mx.nd.array(item, ctx=self._device) for item in used))
        return np.asarray(found.asnumpy(), dtype=np.float64)


def input_names(layout: InputLayout) -> list[str]:
    """As Gluon names them: a network without numbers, or without codes, has one input."""
    names = layout.given("data0", "data1")
    return names if len(names) > 1 else ["data"]


def layers_of(symbol: bytes) -> list[str]:
    """Names of a network's layers, from the input to the output."""
    nodes = json.loads(symbol)["nodes"]
    names = [node["name"] for node in nodes if node["op"] != "null"]
    common = _common([name.partition("_")[0] for name in names])
    return [_short(name, common) for name in names]


def _used(symbol: bytes, names: list[str]) -> list[bool]:
    """Which inputs a network has: those of a layer may be fewer than the whole network's."""
    known = {node["name"] for node in json.loads(symbol)["nodes"]}
    return [name in known for name in names]


def _cut(symbol: bytes, layer: str) -> bytes:
    """The network up to a layer."""
    import mxnet as mx

    graph = json.loads(symbol)
    names = [node["name"] for node in graph["nodes"] if node["op"] != "null"]
    known = layers_of(symbol)
    if layer not in known:
        near = difflib.get_close_matches(layer, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
        raise UserError(f"outputLayer: the network has no layer {layer}{hint}")
    inner = mx.sym.load_json(symbol.decode()).get_internals()
    return str(inner[f"{names[known.index(layer)]}_output"].tojson()).encode()


def _common(firsts: list[str]) -> str:
    """What nearly all names begin with: the network's own name."""
    return max(set(firsts), key=firsts.count) + "_" if firsts else ""


def _short(name: str, common: str) -> str:
    return name.removeprefix(common).removesuffix("_fwd")


def softmax(scores: Doubles) -> Doubles:
    """Probabilities of the classes, shape (rows, classes)."""
    if not len(scores):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
