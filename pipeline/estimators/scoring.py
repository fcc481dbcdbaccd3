"""Scoring a frame: every column passes through, scores are added, one model per worker process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType

from pipeline.data.encoding import LabelSchema
from pipeline.data.names import require, require_free
from pipeline.estimators.arrow import by_place
from pipeline.estimators.predictor import Predictor, Scores, make_predictor
from pipeline.spark.job_progress import rows_counter

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame

Content = tuple[Mapping[str, Any], Mapping[str, bytes], Sequence[str]]
"""Metadata, native files, and import paths that may be loaded."""

_MOST_MODELS = 4
_models: OrderedDict[str, Predictor] = OrderedDict()


@dataclass(frozen=True)
class OutputColumns:
    """Names of the columns that scoring adds; an empty name leaves the column out.

    Parameters
    ----------
    raw, probability, prediction : str
        Raw scores and probabilities (vectors, one entry per class), and the predicted class; of a
        model that predicts numbers only the last.
    deviation, quantiles : str
        How far the members of an ensemble are apart: their standard deviation, and quantiles.
    levels : tuple of float
        Which quantiles.
    label_quantiles : str
        Quantiles of the label, of a model that predicts several.
    leaf, contributions : str
        What a booster makes of a row: the leaf of each tree, and what each feature contributes.
    layer : str
        What a layer of a network makes of a row.
    """

    raw: str
    probability: str
    prediction: str
    deviation: str = ""
    quantiles: str = ""
    levels: tuple[float, ...] = ()
    label_quantiles: str = ""
    leaf: str = ""
    contributions: str = ""
    layer: str = ""

    def fields(self, label: LabelSchema) -> list[StructField]:
        """Those that are wanted, with their types."""
        kind = StringType() if label.is_text else DoubleType()
        vectors = () if label.is_number else (self.raw, self.probability)
        wanted = [
            *((name, VectorUDT()) for name in vectors),
            (self.prediction, kind),
            (self.deviation, DoubleType()),
            (self.quantiles, ArrayType(DoubleType())),
            (self.label_quantiles, ArrayType(DoubleType())),
            (self.leaf, ArrayType(DoubleType())),
            (self.contributions, ArrayType(DoubleType())),
            (self.layer, ArrayType(DoubleType())),
        ]
        return [StructField(name, kind) for name, kind in wanted if name]


def score(
    frame: DataFrame,
    content: Broadcast[Content],
    model_id: str,
    output: OutputColumns,
    *,
    label: LabelSchema,
    features: tuple[str, ...],
    keep: Sequence[str] | None = None,
) -> DataFrame:
    """Add a model's scores to a frame.

    Parameters
    ----------
    frame : DataFrame
        Rows with the model's feature columns.
    content : Broadcast
        Metadata and native files.
    model_id : str
        By which a worker process knows a model that it has opened already.
    output : OutputColumns
        Names of the columns to add.
    label : LabelSchema
        What is predicted: classes that are strings, or doubles otherwise.
    features : tuple of str
        Columns that the model needs.
    keep : sequence of str, optional
        The frame's columns that pass through; all of them by default.

    Raises
    ------
    DataError
        When a feature column is missing, or an output column is there already.

    Notes
    -----
    Each Python process of an executor has a model of its own, outside of the JVM's heap: an
    executor takes as many times the model as it has task slots (cores / `spark.task.cpus`).
    """
    kept = frame.columns if keep is None else list(keep)
    require(frame, features, "the model's features")
    require(frame, kept, "columns to keep")
    added = output.fields(label)
    for field in added:
        require_free(frame, field.name)
    names = list(frame.columns)
    counter = rows_counter()

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        predictor = _opened(model_id, content)
        for batch in batches:
            if counter is not None:
                counter.add(batch.num_rows)
            yield _scored(predictor, batch.rename_columns(names), output, kept)

    through = [frame.schema[name] for name in kept]
    return by_place(frame).mapInArrow(run, StructType([*through, *added]))


def _opened(model_id: str, content: Broadcast[Content]) -> Predictor:
    """The model, opened once in each worker process."""
    if model_id not in _models:
        metadata, natives, allowed = _read(content)
        _models[model_id] = make_predictor(metadata, natives, allowed=allowed)
        if len(_models) > _MOST_MODELS:
            _models.popitem(last=False)
    _models.move_to_end(model_id)
    return _models[model_id]


def _read(content: Broadcast[Content]) -> Content:
    """What was sent; Spark's `value` would keep the files in this process beside the model."""
    path = getattr(content, "_path", None)  # none where Spark has read it already, to decrypt it
    return content.value if path is None else content.load_from_path(path)


def _scored(
    predictor: Predictor, batch: pa.RecordBatch, output: OutputColumns, kept: list[str]
) -> pa.RecordBatch:
    features = predictor.schema.encode(batch)
    start = predictor.margins(batch)
    added: dict[str, pa.Array] = {}
    if predictor.label.is_number:
        values = predictor.values(features, start)
        if output.prediction:
            added[output.prediction] = pa.array(values)
    else:
        raw, probability = predictor.scores(features, start)
        values = np.argmax(probability, axis=1)
        if output.raw:
            added[output.raw] = _vectors(raw)
        if output.probability:
            added[output.probability] = _vectors(probability)
        if output.prediction:
            added[output.prediction] = predictor.label.decode(values)
    if output.deviation or output.quantiles:
        deviation, quantiles = predictor.spread(features, values, output.levels)
        if output.deviation:
            added[output.deviation] = pa.array(deviation)
        if output.quantiles:
            added[output.quantiles] = _lists(quantiles)
    if output.label_quantiles:
        added[output.label_quantiles] = _lists(predictor.quantiles(features, start))
    if output.leaf:
        added[output.leaf] = _lists(predictor.leaves(features))
    if output.contributions:
        added[output.contributions] = _lists(predictor.contributions(features, start))
    if output.layer:
        added[output.layer] = _lists(predictor.layer(features))
    through = [batch.column(name) for name in kept]
    return pa.RecordBatch.from_arrays([*through, *added.values()], names=[*kept, *added])


def _lists(scores: Scores) -> pa.Array:
    rows, size = scores.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * size)
    values = pa.array(np.ascontiguousarray(scores, dtype=np.float64).reshape(-1))
    return pa.ListArray.from_arrays(offsets, values)


def _vectors(scores: Scores) -> pa.Array:
    """Dense vectors in the form that Spark's VectorUDT has in Arrow."""
    rows = scores.shape[0]
    return pa.StructArray.from_arrays(
        [
            pa.array(np.ones(rows, dtype=np.int8)),
            pa.nulls(rows, pa.int32()),
            pa.nulls(rows, pa.list_(pa.int32())),
            _lists(scores),
        ],
        ["type", "size", "indices", "values"],
    )
