"""The model that all trainers return: a Spark ML Model around native files and their metadata."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pyspark import __version__ as pyspark_version
from pyspark.ml.base import Model
from pyspark.ml.util import MLReadable, MLReader, MLWritable, MLWriter

from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.errors import ModelError, UserError
from pipeline.estimators.params import ColumnParams
from pipeline.estimators.predictor import Predictor, make_predictor
from pipeline.estimators.scoring import Content, OutputColumns, score
from pipeline.store import model_directory
from pipeline.store.stored_files import StoredFiles
from pipeline.store.versions import IfExists, Version, numbers

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

M = TypeVar("M", bound="EnsembleModel")

# What a model may load is for who loads it to say, never for the model's own file.
_NOT_SAVED = ("learners_allowed",)


class EnsembleModel(Model, ColumnParams, MLWritable, MLReadable["EnsembleModel"]):
    """A trained model.

    Parameters
    ----------
    metadata : mapping
        What the manifest holds: kind, params, features, label, versions, metrics, history.
    natives : mapping of str to bytes
        The native files.
    """

    kind: ClassVar[str] = ""
    reads_all_files: ClassVar[bool] = True
    """Whether a loaded model holds its files in memory, rather than reading them when needed."""

    def __init__(self, metadata: Mapping[str, Any], natives: Mapping[str, bytes]) -> None:
        super().__init__()
        self.metadata = dict(metadata)
        self.natives = natives
        self._model_id = uuid.uuid4().hex
        self._predictor: Predictor | None = None
        self._broadcast: tuple[tuple[str, ...], Broadcast[Content]] | None = None

    @property
    def features(self) -> FeatureSchema:
        """What the model's input looks like."""
        return FeatureSchema.from_json(self.metadata["features"])

    @property
    def inputs(self) -> FeatureSchema:
        """The columns that a table must have to be scored, and of which kinds."""
        return self.features

    @property
    def classes(self) -> tuple[float, ...] | tuple[str, ...]:
        """The label's values, in the order of the probabilities."""
        return LabelSchema.from_json(self.metadata["label"]).classes

    @property
    def numClasses(self) -> int:  # noqa: N802 - Spark ML's name
        """Number of classes; 0 for a model that predicts numbers."""
        return len(self.classes)

    @property
    def metrics(self) -> dict[str, Any]:
        """Measures of the fit: `fit_seconds` and the trainer's own."""
        return dict(self.metadata["metrics"])

    @property
    def history(self) -> list[dict[str, Any]]:
        """Metrics by round or epoch."""
        return list(self.metadata["history"])

    # Spark's Params looks at every attribute but plain properties: a cached one would be opened.
    @property
    def predictor(self) -> Predictor:
        """The model in this process, for single predictions on the driver."""
        if self._predictor is None:
            metadata = self._score_metadata()
            self._predictor = make_predictor(metadata, self.natives, allowed=self._allowed)
        return self._predictor

    def _transform(self, dataset: DataFrame) -> DataFrame:
        return self.score(dataset)

    def score(self, dataset: DataFrame, keep: Sequence[str] | None = None) -> DataFrame:
        """As `transform`, but of the frame's own columns only those of `keep` remain.

        Columns travel through Python to be scored; those that nobody needs need not travel back.
        """
        content = self._content(dataset.sparkSession)
        return score(
            dataset,
            content,
            self._model_id,
            self._output_columns(),
            label=LabelSchema.from_json(self.metadata["label"]),
            features=self._columns_to_score_with(),
            keep=keep,
        )

    def _columns_to_score_with(self) -> tuple[str, ...]:
        """The columns that scoring reads."""
        return self.features.columns

    def _output_columns(self) -> OutputColumns:
        return OutputColumns(
            self.value("rawPredictionCol"),
            self.value("probabilityCol"),
            self.value("predictionCol"),
        )

    def _content(self, spark: SparkSession) -> Broadcast[Content]:
        """The model, sent to each executor once, and again when scoring needs other files."""
        names = self._names_to_score_with()
        application = str(spark.sparkContext.applicationId)
        key = (application, *names, "", *self._allowed, "", *self._score_key())
        if self._broadcast is None or self._broadcast[0] != key:
            self._model_id = uuid.uuid4().hex
            natives = {name: self.natives[name] for name in names}
            content: Content = (self._score_metadata(), natives, self._allowed)
            sent = spark.sparkContext.broadcast(content)
            self._broadcast = (key, sent)
            return sent
        return self._broadcast[1]

    @property
    def _allowed(self) -> Sequence[str]:
        """Import paths that the model may load besides those that are known."""
        return self.value("learners_allowed") or () if self.hasParam("learners_allowed") else ()

    def _score_metadata(self) -> Mapping[str, Any]:
        """What scoring is to know of the model."""
        return self.metadata

    def _score_key(self) -> tuple[str, ...]:
        """What else tells a model that is opened from one that must be opened anew."""
        return ()

    def _names_to_score_with(self) -> list[str]:
        """The files that scoring opens."""
        return list(self.natives)

    def write(self) -> MLWriter:
        """A writer; `overwrite()` replaces a model that is there already."""
        return _Writer(self)

    def publish(self, uri: str, if_exists: IfExists) -> Version:
        """Save to a URI; appears whole, or not at all.

        Parameters
        ----------
        uri : str
            The model's directory, with its scheme.
        if_exists : {"overwrite", "version", "refuse"}
            What becomes of a model that is there already.

        Raises
        ------
        UserError
            When something is there that is not to be replaced.
        ConflictError
            When another writer published a model there at the same time.
        """
        metadata = {
            **self.metadata,
            "uid": self.uid,
            "columns": {
                param.name: self.value(param.name)
                for param in self.params
                if param.name not in _NOT_SAVED
            },
        }
        line = {
            "class": f"{type(self).__module__}.{type(self).__name__}",
            "timestamp": int(time.time() * 1000),
            "sparkVersion": pyspark_version,
            "uid": self.uid,
            "paramMap": {},
            "defaultParamMap": {},
        }
        version = model_directory.publish(
            uri, self.natives, metadata, spark_metadata=json.dumps(line), if_exists=if_exists
        )
        if isinstance(self.natives, StoredFiles) and self.natives.uri.startswith(f"{version.uri}/"):
            # What was just read may have been replaced just now.
            self.natives = model_directory.open_stored(f"{uri}@{version.number}")[1]
        return version

    @classmethod
    def read(cls: type[M]) -> MLReader[M]:
        """A reader."""
        return _Reader(cls)

    @classmethod
    def from_content(cls: type[M], metadata: Mapping[str, Any], natives: Mapping[str, bytes]) -> M:
        """The model that was saved with this content."""
        model = cls(metadata, natives)
        model._resetUid(str(metadata["uid"]))
        for name, value in metadata["columns"].items():
            if value is not None and name not in _NOT_SAVED:
                model._set(**{name: value})
        return model


class _Writer(MLWriter):
    """Saves a model by the store's atomic publication."""

    def __init__(self, model: EnsembleModel) -> None:
        super().__init__()
        self._model = model

    def save(self, path: str) -> None:
        """Save to a URI; a path without a scheme is of Spark's default file system."""
        uri = qualified(self.sparkSession, path)
        if not self.shouldOverwrite and numbers(uri):
            raise UserError(
                f"{uri}: a model is there already; write().overwrite() replaces it, or choose "
                "another place"
            )
        self._model.publish(uri, "overwrite" if self.shouldOverwrite else "refuse")


class _Reader(MLReader[M]):
    """Loads a model of one class."""

    def __init__(self, kind: type[M]) -> None:
        super().__init__()
        self._kind = kind

    def load(self, path: str) -> M:
        """Load from a URI.

        Raises
        ------
        ModelError
            When there is no model, it is damaged, or it is of another class.
        """
        uri = qualified(self.sparkSession, path)
        found: tuple[dict[str, Any], Mapping[str, bytes]] = (
            model_directory.read(uri)
            if self._kind.reads_all_files
            else model_directory.open_stored(uri)
        )
        metadata, natives = found
        if self._kind.kind and metadata["kind"] != self._kind.kind:
            raise ModelError(f"{uri}: a model of kind {metadata['kind']}, not {self._kind.kind}")
        return self._kind.from_content(metadata, natives)


def qualified(spark: SparkSession, path: str) -> str:
    """The path with the scheme that Spark would give it."""
    jvm: Any = spark._jvm
    place = jvm.org.apache.hadoop.fs.Path(path)
    system = place.getFileSystem(spark._jsc.hadoopConfiguration())
    return str(system.makeQualified(place).toString())
