"""Scoring with a saved network, without Spark and without Horovod."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pipeline.data.encoding import Matrix
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork, softmax
from pipeline.deep.objectives import Regression
from pipeline.deep.padded import Padded
from pipeline.errors import ModelError
from pipeline.estimators.predictor import Margins, Predictor, Scores

FACTS = "deep"
"""The key of a manifest under which is what is known of a network besides its files."""


class DeepPredictor(Predictor):
    """A network in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        from pipeline.deep.runtime import set_threads

        set_threads(self.threads)
        layout = InputLayout.of(self.schema)
        outputs = len(self.classes) or 1
        facts = self.metadata.get(FACTS, {})
        opened = partial(
            SavedNetwork, natives, layout, outputs, padded=Padded.from_json(facts.get("padded"))
        )
        self._network = opened()
        chosen = self.metadata.get("columns", {}).get("outputLayer") or ""
        self._layer = opened(layer=chosen) if chosen else None
        target = facts.get("target")
        self._target = None if target is None else Regression(**target)

    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """Scores before softmax, and probabilities."""
        raw = self._network.outputs(features)
        return raw, softmax(raw)

    def values(self, features: Matrix, start: Margins | None = None) -> Scores:
        """Predicted numbers, in the label's unit."""
        if self._target is None:
            raise ModelError("the network predicts classes, not numbers")
        return self._target.values(self._network.outputs(features)[:, 0])

    def layer(self, features: Matrix) -> Scores:
        """What the layer `outputLayer` gives for a row, shape (rows, units)."""
        if self._layer is None:
            raise ModelError("no layer is chosen: set outputLayer")
        return self._layer.layer(features)
