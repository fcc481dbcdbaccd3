"""A trained network's two files, and the network made from them again; without Horovod."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.data.encoding import Matrix
from pipeline.deep.inputs import InputLayout

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
    """

    def __init__(
        self,
        natives: Mapping[str, bytes],
        layout: InputLayout,
        outputs: int,
        device: Any = None,
    ) -> None:
        self._layout = layout
        self._outputs = outputs
        self._device = device
        self._net = self._opened(natives)

    def outputs(self, features: Matrix) -> Doubles:
        """What the network gives for encoded rows, shape (rows, outputs)."""
        parts = [
            self._forward(features[start : start + _BATCH_ROWS])
            for start in range(0, features.shape[0], _BATCH_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self._outputs))

    def _opened(self, natives: Mapping[str, bytes]) -> Any:
        from mxnet.gluon import SymbolBlock

        with tempfile.TemporaryDirectory() as name:
            for file in (SYMBOL, WEIGHTS):
                (Path(name) / file).write_bytes(natives[file])
            with warnings.catch_warnings():
                # Types are decided by the inputs; MXNet wonders about that on stderr.
                warnings.filterwarnings("ignore", message="Cannot decide type")
                return SymbolBlock.imports(
                    str(Path(name) / SYMBOL),
                    self._input_names(),
                    str(Path(name) / WEIGHTS),
                    ctx=self._device,
                )

    def _input_names(self) -> list[str]:
        """As Gluon names them: a network without numbers, or without codes, has one input."""
        names = self._layout.given("data0", "data1")
        return names if len(names) > 1 else ["data"]

    def _forward(self, features: Matrix) -> Doubles:
        import mxnet as mx

        inputs = self._layout.given(self._layout.numbers(features), self._layout.codes(features))
        found = self._net(*(mx.nd.array(item, ctx=self._device) for item in inputs))
        return np.asarray(found.asnumpy(), dtype=np.float64)


def softmax(scores: Doubles) -> Doubles:
    """Probabilities of the classes, shape (rows, classes)."""
    if not len(scores):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
