"""Scoring with a saved network, without Spark and without Horovod."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.data.encoding import Matrix
from pipeline.deep.inputs import InputLayout
from pipeline.estimators.predictor import Predictor, Scores

SYMBOL, WEIGHTS = "network-symbol.json", "network-0000.params"
_BATCH_ROWS = 8_192


class DeepPredictor(Predictor):
    """A network in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        from mxnet.gluon import SymbolBlock

        from pipeline.deep.runtime import set_threads

        set_threads(self.threads)
        self._layout = InputLayout.of(self.schema)
        with tempfile.TemporaryDirectory() as name:
            for file in (SYMBOL, WEIGHTS):
                (Path(name) / file).write_bytes(natives[file])
            with warnings.catch_warnings():
                # Types are decided by the inputs; MXNet wonders about that on stderr.
                warnings.filterwarnings("ignore", message="Cannot decide type")
                self._net = SymbolBlock.imports(
                    str(Path(name) / SYMBOL), self._input_names(), str(Path(name) / WEIGHTS)
                )

    def _input_names(self) -> list[str]:
        """As Gluon names them: a network without numbers, or without codes, has one input."""
        names = self._layout.given("data0", "data1")
        return names if len(names) > 1 else ["data"]

    def scores(self, features: Matrix) -> tuple[Scores, Scores]:
        """Scores before softmax, and probabilities."""
        parts = [
            self._forward(features[start : start + _BATCH_ROWS])
            for start in range(0, features.shape[0], _BATCH_ROWS)
        ]
        if not parts:
            empty = np.zeros((0, len(self.classes)))
            return empty, empty
        raw = np.concatenate(parts)
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return raw, powers / powers.sum(axis=1, keepdims=True)

    def _forward(self, features: Matrix) -> Scores:
        import mxnet as mx

        inputs = self._layout.given(self._layout.numbers(features), self._layout.codes(features))
        scores = self._net(*map(mx.nd.array, inputs))
        return np.asarray(scores.asnumpy(), dtype=np.float64)
