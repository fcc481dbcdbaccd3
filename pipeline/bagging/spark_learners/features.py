"""From the columns of a table to what a Spark ML learner reads.

This project's estimators read typed columns themselves. Those of MLlib need one vector of numbers,
made by a pipeline that is fitted once and saved with the model: a missing number or boolean becomes
the column's median over training rows, a string an indicator for each category that was seen
(sorted; a null or an unknown one is none of them), also for trees, whose bins then need not hold
all categories of a column. A vector or array column is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import (
    Imputer,
    OneHotEncoder,
    StringIndexerModel,
    VectorAssembler,
    VectorSlicer,
)
from pyspark.ml.functions import array_to_vector
from pyspark.sql.types import ArrayType

from pipeline import files
from pipeline.bagging.spark_learners.names import FEATURES, PREFIX, sliced
from pipeline.bagging.spark_learners.saved import directories_in, metadata_of, require_kinds
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.data.names import column
from pipeline.errors import DataError, ModelError
from pipeline.spark.shard_file import Integers
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DIRECTORY = "features"
"""What the directory of the pipeline is called, but for its writer's own mark."""

_STAGES = (
    "org.apache.spark.ml.PipelineModel",
    "org.apache.spark.ml.feature.ImputerModel",
    "org.apache.spark.ml.feature.OneHotEncoderModel",
    "org.apache.spark.ml.feature.StringIndexerModel",
    "org.apache.spark.ml.feature.VectorAssembler",
)
_UID = re.compile(r"\w+")


@dataclass(frozen=True)
class Inputs:
    """How the learners of a fit, or of a model, see a table.

    Parameters
    ----------
    schema : FeatureSchema
        The table's features.
    reads_columns : bool
        Whether the learner reads typed columns itself.
    pipeline : PipelineModel or None
        What makes one vector of typed columns.
    """

    schema: FeatureSchema
    reads_columns: bool
    pipeline: PipelineModel | None = None

    @property
    def columns(self) -> list[str]:
        """Columns that learners read, in a frame that `prepared` has returned."""
        if self.schema.features and self.reads_columns:
            return list(self.schema.columns)
        return [FEATURES]

    def prepared(self, frame: DataFrame) -> DataFrame:
        """The frame with `columns`; those of the pipeline's own steps are gone."""
        kept = [name for name in frame.columns if name not in self.schema.columns]
        if self.schema.vector:
            frame = frame.withColumn(FEATURES, _as_vector(frame, self.schema.vector))
        elif self.pipeline is not None:
            frame = self.pipeline.transform(_with_inputs(frame, self.schema))
        return frame.select(*map(column, [*kept, *self.columns]))

    def for_replica(
        self, frame: DataFrame, replica: int, columns: Integers | None
    ) -> tuple[DataFrame, dict[str, Any]]:
        """A prepared frame with what one replica reads, and the params that say so."""
        if columns is None:
            if self.columns != [FEATURES]:
                return frame, {"featuresCols": self.columns}
            return frame, {"featuresCol": FEATURES}
        if self.columns != [FEATURES]:
            return frame, {"featuresCols": [self.schema.columns[place] for place in columns]}
        slicer = VectorSlicer(
            inputCol=FEATURES, outputCol=sliced(replica), indices=self._indices(columns)
        )
        return slicer.transform(frame), {"featuresCol": sliced(replica)}

    def _indices(self, columns: Integers) -> list[int]:
        """Positions in the vector of these columns of the table."""
        if self.schema.vector:
            return [int(place) for place in columns]
        ordered = _in_order(self.schema)
        widths = [len(item.categories) or 1 for item in ordered]
        starts = np.cumsum([0, *widths])
        names = {self.schema.features[place].name for place in columns}
        return [
            int(start) + offset
            for start, width, item in zip(starts, widths, ordered, strict=False)
            if item.name in names
            for offset in range(width)
        ]


def fit_inputs(frame: DataFrame, schema: FeatureSchema, *, reads_columns: bool) -> Inputs:
    """Fit what learners need to see the table.

    Parameters
    ----------
    frame : DataFrame
        Training rows.
    schema : FeatureSchema
        Its features.
    reads_columns : bool
        Whether the learner reads typed columns itself.

    Raises
    ------
    DataError
        When a column of numbers has no value at all.
    """
    if reads_columns or schema.vector:
        return Inputs(schema, reads_columns)
    stages = Pipeline(stages=_stages(schema))
    return Inputs(schema, reads_columns, stages.fit(_with_inputs(frame, schema)))


def load_inputs(natives: StoredFiles, schema: FeatureSchema, *, reads_columns: bool) -> Inputs:
    """What was saved with a model.

    Parameters
    ----------
    natives : StoredFiles
        The model's files.
    schema : FeatureSchema
        The model's features.
    reads_columns : bool
        Whether the learner reads typed columns itself.

    Raises
    ------
    ModelError
        When the pipeline is missing, or its files name what has no place in it.
    """
    if reads_columns or schema.vector:
        return Inputs(schema, reads_columns)
    directory = directories_in(natives).get(DIRECTORY)
    if directory is None:
        raise ModelError(f"the model lacks {DIRECTORY}; train it again, or take another copy")
    require_kinds(natives, directory, _STAGES)
    _require_plain_places(natives, directory)
    place = files.join(files.absolute(natives.uri), directory)
    return Inputs(schema, reads_columns, PipelineModel.load(place))


def require_values(schema: FeatureSchema, values: Mapping[str, int]) -> None:
    """Refuse columns without any value, of which a vector cannot be made."""
    empty = [name for name in schema.columns if not values.get(name, 1)]
    if empty:
        raise DataError(f"column {empty[0]} is null in every training row; leave it out")


def _require_plain_places(natives: StoredFiles, directory: str) -> None:
    """Refuse stages whose name leads elsewhere: their directory is named by it."""
    for name, found in metadata_of(natives, directory):
        params = found.get("paramMap")
        stages = params.get("stageUids", []) if isinstance(params, dict) else []
        wrong = [each for each in stages if not isinstance(each, str) or not _UID.fullmatch(each)]
        if wrong:
            raise ModelError(f"{name} names the stage {wrong[0]!r}, which is no stage's name")


def _in_order(schema: FeatureSchema) -> list[Feature]:
    """Features in the order of the vector: numbers, then strings."""
    return sorted(schema.features, key=lambda item: item.kind == "categorical")


def _inputs(schema: FeatureSchema, *, are_text: bool) -> list[tuple[int, Feature]]:
    return [
        (place, item)
        for place, item in enumerate(schema.features)
        if (item.kind == "categorical") is are_text
    ]


def _with_inputs(frame: DataFrame, schema: FeatureSchema) -> DataFrame:
    """The frame and its features under plain names: pyspark.ml stumbles over dots in them."""
    added = {
        _step("in", place): column(item.name).cast(
            "string" if item.kind == "categorical" else "double"
        )
        for place, item in enumerate(schema.features)
    }
    return frame.withColumns(added)


def _stages(schema: FeatureSchema) -> list[Any]:
    numbers = [place for place, _ in _inputs(schema, are_text=False)]
    texts = _inputs(schema, are_text=True)
    stages: list[Any] = []
    if numbers:
        outputs = _steps("full", numbers)
        stages.append(
            Imputer(strategy="median", inputCols=_steps("in", numbers), outputCols=outputs)
        )
    if texts:
        places = [place for place, _ in texts]
        labels = [list(item.categories) for _, item in texts]
        codes, shares = _steps("code", places), _steps("share", places)
        stages.append(
            StringIndexerModel.from_arrays_of_labels(
                labels, _steps("in", places), codes, handleInvalid="keep"
            )
        )
        # The last code is that of unknown values, and has no indicator.
        stages.append(OneHotEncoder(inputCols=codes, outputCols=shares, dropLast=True))
    pieces = [*_steps("full", numbers), *_steps("share", [place for place, _ in texts])]
    return [*stages, VectorAssembler(inputCols=pieces, outputCol=FEATURES)]


def _steps(name: str, places: Sequence[int]) -> list[str]:
    return [_step(name, place) for place in places]


def _step(name: str, place: int) -> str:
    return f"{PREFIX}{name}_{place}"


def _as_vector(frame: DataFrame, name: str) -> Any:
    if isinstance(frame.schema[name].dataType, ArrayType):
        return array_to_vector(column(name).cast("array<double>"))
    return column(name)
