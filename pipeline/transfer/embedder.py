"""`TextEmbedder`: a column of texts as vectors, features for any learner."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.ml import Transformer
from pyspark.ml.functions import array_to_vector
from pyspark.ml.param import TypeConverters
from pyspark.ml.param.shared import HasOutputCol
from pyspark.ml.util import MLReadable, MLReader, MLWritable, MLWriter
from pyspark.sql.types import ArrayType, FloatType, StructField, StructType

from pipeline import files
from pipeline.data.encoding import FeatureSchema
from pipeline.data.names import column, require_free
from pipeline.errors import UserError
from pipeline.estimators.arrow import by_place
from pipeline.estimators.params import declare
from pipeline.spark.memory import require_memory_of_task, tasks_at_once
from pipeline.transfer.checkpoint_place import CheckpointPlace, find_checkpoint
from pipeline.transfer.memory import as_is_mb
from pipeline.transfer.saved_files import FilesReader, FilesWriter
from pipeline.transfer.text_counts import TextCounts
from pipeline.transfer.text_params import TextColumnParams, TokenParams
from pipeline.transfer.text_tokeniser import TextTokeniser
from pipeline.transfer.token_rows import as_lists

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.transfer.embedding import Embedding

_TOKENS = "__tokens"
_MOST_OPENED = 2
_opened: OrderedDict[tuple[Any, ...], Embedding] = OrderedDict()


class TextEmbedder(
    Transformer, TextColumnParams, TokenParams, HasOutputCol, MLReadable["TextEmbedder"], MLWritable
):
    """Texts, or pairs of texts, as vectors of a BERT-like encoder.

    Parameters
    ----------
    **params
        `textCol` and `checkpoint` must be given; `explainParams()` lists all with their defaults.

    Notes
    -----
    The output is a column of Spark ML's vectors, as wide as the encoder: the features of a learner
    (`featuresCol`), or, with columns of a table beside them, what `VectorAssembler` puts together.
    A saved embedder holds the checkpoint's files; it needs the checkpoint no more.

    Texts that are longer than all windows are cut: `counts` and `log_counts` tell how many were,
    once an action has run on the output of the last `transform`.

    Examples
    --------
    >>> from pyspark.ml import Pipeline  # doctest: +SKIP
    >>> from pyspark.ml.feature import VectorAssembler  # doctest: +SKIP
    >>> Pipeline(stages=[
    ...     TextEmbedder(textCol="review", checkpoint="s3://models/minilm"),
    ...     VectorAssembler(inputCols=["embedding", "price"], outputCol="features"),
    ...     BoostingClassifier(featuresCol="features", labelCol="label"),
    ... ])  # doctest: +SKIP
    """

    normalise = declare(
        "normalise",
        "give all vectors length 1, so that only their direction counts",
        TypeConverters.toBoolean,
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(outputCol="embedding", normalise=True)
        self._counting: TextTokeniser | None = None
        self.setParams(**params)

    @property
    def counts(self) -> TextCounts:
        """What was cut by all actions since the last `transform`; a task that is run twice counts
        twice.
        """
        return TextCounts() if self._counting is None else self._counting.counts

    def log_counts(self) -> None:
        """Tell in one line what share of the texts was cut, and which length would hold them.

        Raises
        ------
        UserError
            When nothing was transformed yet.
        """
        if self._counting is None:
            raise UserError("TextEmbedder: no text was counted: call transform, and an action")
        self._counting.log_counts()

    def write(self) -> MLWriter:
        """A writer; the checkpoint's files are saved with the params."""
        return FilesWriter(self)

    @classmethod
    def read(cls) -> MLReader[TextEmbedder]:
        """A reader."""
        return FilesReader(cls)

    def files_to_save(self) -> Mapping[str, bytes]:
        """The checkpoint's files that are read, by name."""
        self.require_valid()
        place = self._place()
        network = {name: files.read_bytes(files.join(place.uri, name)) for name in place.names}
        return {**network, **self._tokeniser().files_to_save()}

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self.require_valid()
        name = self.getOutputCol()
        require_free(dataset, name)
        tokeniser, place = self._tokeniser(), self._place()
        self._counting = tokeniser
        spark = dataset.sparkSession
        own_mb = as_is_mb(place.config)
        require_memory_of_task(spark, own_mb, "TextEmbedder", tasks_at_once(spark))
        tokens = tokeniser.transform(dataset)
        run = self._in_tasks(place, [*dataset.columns, name])
        added = StructField(name, ArrayType(FloatType(), containsNull=False))
        schema = StructType([*dataset.schema, added])
        found = by_place(tokens).mapInArrow(run, schema)
        vector = array_to_vector(column(name)).alias(name)
        return found.select(*map(column, dataset.columns), vector)

    def _in_tasks(
        self, place: CheckpointPlace, names: list[str]
    ) -> Callable[..., Iterator[pa.RecordBatch]]:
        """What tasks run: batches whose last column, of tokens, becomes one of vectors."""
        max_length, windows = self.value("max_length"), self.value("windows")
        pooling, is_unit = self.value("pooling"), self.value("normalise")
        schema = FeatureSchema(vector=_TOKENS, size=max_length * windows)

        def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            opened = _opened_here(place, (max_length, windows, pooling), is_unit=is_unit)
            for batch in batches:
                tokens = pa.table({_TOKENS: batch.column(batch.num_columns - 1)})
                vectors = opened.vectors(np.asarray(schema.encode(tokens)))
                columns = [*batch.columns[:-1], as_lists(vectors)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

        return run

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params that are missing or not allowed."""
        super().require_valid()
        lacking = [name for name in ("textCol", "checkpoint") if not self.value(name)]
        if lacking:
            raise UserError(f"TextEmbedder: {' and '.join(lacking)} must be set")

    def _place(self) -> CheckpointPlace:
        found = find_checkpoint(self.value("checkpoint"))
        found.require_pooling(self.value("pooling"), type(self).__name__)
        return found

    def _tokeniser(self) -> TextTokeniser:
        return TextTokeniser.of(self, _TOKENS)


def _opened_here(
    place: CheckpointPlace, shape: tuple[int, int, str], *, is_unit: bool
) -> Embedding:
    """The encoder, opened once in each worker process."""
    from pipeline.transfer.embedding import Embedding

    key = (place.digest, *shape, is_unit)
    if key not in _opened:
        task = TaskContext.get()
        threads = 1 if task is None else task.cpus()
        _opened[key] = Embedding(place, *shape, is_unit=is_unit, threads=threads)
        if len(_opened) > _MOST_OPENED:
            _opened.popitem(last=False)
    _opened.move_to_end(key)
    return _opened[key]
