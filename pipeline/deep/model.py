"""Trained networks and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.network_file import SYMBOL, layers_of
from pipeline.deep.predictor import FACTS
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import ColumnParams, declare
from pipeline.estimators.scoring import OutputColumns


class LayerParams(ColumnParams):
    """A layer of the network, as a column."""

    outputLayer = declare(  # noqa: N815
        "outputLayer",
        "layer whose outputs are added as an array when scoring; model.layers has their names; "
        "default: none",
        TypeConverters.toString,
    )
    layerCol = declare("layerCol", "column for them", TypeConverters.toString)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(layerCol="layer")


class DeepModel(EnsembleModel, LayerParams):
    """A trained network; its native files are MXNet's symbol and params."""

    kind: ClassVar[str] = "deep"

    @property
    def layers(self) -> list[str]:
        """Names of the layers, from the input to the output, as `outputLayer` takes them."""
        return layers_of(self.natives[SYMBOL])

    def _output_columns(self) -> OutputColumns:
        column = self.value("layerCol") if self.value("outputLayer") else ""
        return replace(super()._output_columns(), layer=column)

    def _score_metadata(self) -> Mapping[str, Any]:
        return {**self.metadata, "columns": {"outputLayer": self.value("outputLayer")}}

    def _score_key(self) -> tuple[str, ...]:
        return (self.value("outputLayer") or "",)

    @property
    def bestEpoch(self) -> int:  # noqa: N802
        """The epoch whose weights the network has, from 0."""
        return int(self.metrics["best_epoch"])

    @property
    def zeros(self) -> dict[str, float]:
        """Share of a column's weights in the first layer that are exactly 0, the greatest first.

        Columns at 1 have been dropped by the network. Empty without `l1`, and for networks of
        sequences, of images, and of your own.
        """
        found = self.metadata.get(FACTS, {}).get("zeros", {})
        return dict(sorted(found.items(), key=lambda item: -item[1]))


class DeepClassificationModel(DeepModel):
    """A network that predicts classes."""


class DeepRegressionModel(DeepModel):
    """A network that predicts numbers."""
