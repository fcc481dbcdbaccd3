"""Trained networks and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SYMBOL, layers_of
from pipeline.deep.objectives import Regression
from pipeline.deep.padded import Padded
from pipeline.deep.predictor import FACTS
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import ColumnParams, declare
from pipeline.estimators.scoring import OutputColumns
from pipeline.files.content import write_bytes


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

    def saveOnnx(self, uri: str) -> None:  # noqa: N802 - as Spark ML names methods
        """Write the network as an ONNX file, to be scored without MXNet.

        Its inputs are what a row is encoded to: `numbers` (NaN where missing) and `codes` (place of
        the category, from 1; 0 where missing or unseen), both float32; a network without one kind
        lacks that input; of padded rows `numbers` has the shape (rows, windows, steps). Its outputs
        are `rawPrediction` and `probability`, or `prediction`. The file's metadata have, as JSON,
        the columns behind `numbers`, those behind `codes` with their categories, the classes, and
        how rows are padded.

        Parameters
        ----------
        uri : str
            The file, on a disk, S3 or HDFS; one that is there is replaced.

        Raises
        ------
        UserError
            When the package onnx is not installed, or the network (your own, say) has an operator
            that MXNet cannot write.
        """
        from pipeline.deep.onnx_file import to_onnx

        known = self.metadata.get(FACTS, {})
        target = known.get("target")
        padded = Padded.from_json(known.get("padded"))
        aim = None if target is None else Regression(**target)
        schema = self.features
        layout = InputLayout.of(schema)
        told = {
            "numbers": [schema.names[place] for place in layout.numeric],
            "codes": {
                schema.names[place]: list(schema.features[place].categories)
                for place in layout.categorical
            },
            "classes": list(self.classes),
            **({} if padded is None else {"padded": padded.to_json()}),
        }
        facts = {name: json.dumps(value) for name, value in told.items()}
        write_bytes(uri, to_onnx(self.natives, layout, aim, facts, padded))

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
