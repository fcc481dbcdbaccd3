"""Scoring with a saved network, without Spark and without Horovod."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.data.encoding import Matrix
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork, softmax
from pipeline.estimators.predictor import Margins, Predictor, Scores


class DeepPredictor(Predictor):
    """A network in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        from pipeline.deep.runtime import set_threads

        set_threads(self.threads)
        layout = InputLayout.of(self.schema)
        self._network = SavedNetwork(natives, layout, len(self.classes))

    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """Scores before softmax, and probabilities."""
        raw = self._network.outputs(features)
        return raw, softmax(raw)
