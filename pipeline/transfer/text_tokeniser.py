"""A column of texts as tokens, in a Spark pipeline."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pyspark import TaskContext
from pyspark.ml import Transformer
from pyspark.ml.param import TypeConverters
from pyspark.ml.param.shared import HasOutputCol
from pyspark.ml.util import MLReadable, MLReader, MLWritable, MLWriter
from pyspark.sql.types import ArrayType, FloatType, StringType, StructField, StructType

from pipeline.data.names import column, require, require_free
from pipeline.errors import DataError, UserError
from pipeline.estimators.arrow import by_place
from pipeline.estimators.params import OurParams, Rule, declare
from pipeline.transfer.counts_param import CountsParam
from pipeline.transfer.saved_files import FilesReader, FilesWriter
from pipeline.transfer.text_counts import TextCounts
from pipeline.transfer.text_params import TextColumnParams
from pipeline.transfer.token_rows import as_lists
from pipeline.transfer.tokeniser_files import TokeniserFiles, read_files
from pipeline.transfer.tokenising import Tokeniser
from pipeline.transfer.windows import Shape

if TYPE_CHECKING:
    from pyspark import Accumulator, Broadcast
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

_MOST_TOKENISERS = 4
_MOST_NUMBERS = 1 << 22  # of a batch that goes back to Spark: 16 MB
_opened: OrderedDict[str, Tokeniser] = OrderedDict()


class TextTokeniser(
    Transformer, TextColumnParams, HasOutputCol, MLReadable["TextTokeniser"], MLWritable
):
    """Texts as the tokens that a checkpoint was trained with.

    The output is an array of `windows` x `maxLength` floats: 2 x id + token type for a token, NaN
    for padding (`token_rows` says more). A null text counts as an empty one. Texts that are
    longer than all windows are cut; `counts` and `log_counts` tell how many were, once an action
    has run, and `count` runs one.

    Parameters
    ----------
    **params
        `textCol`; `pairCol` (default: none): the second text of each row; `outputCol` (default
        features); `checkpoint`: a directory or URI with `config.json` and `tokenizer.json`, or
        `vocab.txt`, read on the driver; `maxLength` (default 128): tokens of a window, special ones
        included, at most the network's positions; `windows` (default 1); `stride` (default 0):
        tokens that a window repeats of the one before.
    """

    checkpoint = declare(
        "checkpoint", "directory or URI of the checkpoint", TypeConverters.toString
    )
    maxLength = declare(  # noqa: N815
        "maxLength", "tokens of a window, special ones included", TypeConverters.toInt
    )
    windows = declare("windows", "windows that a text may go on through", TypeConverters.toInt)
    stride = declare(
        "stride", "tokens that a window repeats of the one before", TypeConverters.toInt
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("maxLength", lambda value: value >= 8, "8 or more"),
        Rule("windows", lambda value: value >= 1, "1 or more"),
        Rule("stride", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(outputCol="features", maxLength=128, windows=1, stride=0)
        self._counter: Accumulator[Any] | None = None
        self._made: tuple[tuple[Any, ...], TokeniserFiles, Tokeniser] | None = None
        self.setParams(**params)

    @classmethod
    def of(cls, owner: OurParams, output: str) -> TextTokeniser:
        """That of an estimator or transformer with `TextColumnParams` and `TokenParams`."""
        alike = ("textCol", "pairCol", "checkpoint", "windows", "stride")
        given = {name: owner.value(name) for name in alike}
        return cls(outputCol=output, maxLength=owner.value("max_length"), **given)

    @property
    def counts(self) -> TextCounts:
        """What was cut by all actions since the last `transform`; a task that is run twice counts
        twice.
        """
        return TextCounts() if self._counter is None else self._counter.value

    @property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser in this process.

        Raises
        ------
        UserError
            When no checkpoint is named, it cannot be used, or a length is not possible.
        """
        return self._tokeniser_and_files()[0]

    def count(self, dataset: DataFrame) -> TextCounts:
        """Tokenise a frame for its counts alone, and log them in one line."""
        texts = dataset.select(*map(column, self._require_texts(dataset)))
        self.transform(texts).write.format("noop").mode("overwrite").save()
        self.log_counts()
        return self.counts

    def log_counts(self) -> None:
        """Tell in one line what share of the texts was cut, and which length would hold them."""
        tokeniser = self.tokeniser
        shape = tokeniser.shape
        logger.info(
            "%s: %s",
            self.value("textCol"),
            self.counts.sentence(shape.max_length, shape.windows, tokeniser.limits.positions),
        )

    def write(self) -> MLWriter:
        """A writer; the tokeniser's files are saved with the params."""
        return FilesWriter(self)

    @classmethod
    def read(cls) -> MLReader[TextTokeniser]:
        """A reader."""
        return FilesReader(cls)

    def files_to_save(self) -> Mapping[str, bytes]:
        """The checkpoint's files that tokenising reads, by name."""
        return self._tokeniser_and_files()[1].contents

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self.require_valid()
        columns = self._require_texts(dataset)
        tokeniser, found = self._tokeniser_and_files()
        context = dataset.sparkSession.sparkContext
        self._counter = context.accumulator(TextCounts(), CountsParam())
        places = [dataset.columns.index(name) for name in columns]
        names = [*dataset.columns, self.getOutputCol()]
        run = _in_tasks(tokeniser, context.broadcast(found), self._counter, places, names)
        added = StructField(self.getOutputCol(), ArrayType(FloatType(), containsNull=False))
        return by_place(dataset).mapInArrow(run, StructType([*dataset.schema, added]))

    def _require_texts(self, dataset: DataFrame) -> list[str]:
        """The text columns, all of them in the table and of strings."""
        columns = []
        for param in ("textCol", "pairCol"):
            name = self.value(param)
            if name is None and param == "pairCol":
                continue
            if name is None:
                raise UserError(f"TextTokeniser: {param} must be set")
            require(dataset, [name], param)
            kind = dataset.schema[name].dataType
            if not isinstance(kind, StringType):
                raise DataError(f"{param}: {name} is {kind.simpleString()}; it must be string")
            columns.append(name)
        require_free(dataset, self.getOutputCol())
        return columns

    def _tokeniser_and_files(self) -> tuple[Tokeniser, TokeniserFiles]:
        """Made once for the params as they are; the files of a checkpoint do not change."""
        uri = self.value("checkpoint")
        if uri is None:
            raise UserError(
                "TextTokeniser: checkpoint must be set: a checkpoint's directory or URI"
            )
        shape = tuple(self.value(name) for name in ("maxLength", "windows", "stride"))
        if self._made is None or self._made[0] != (uri, *shape):
            found = read_files(uri)
            self._made = ((uri, *shape), found, Tokeniser(found, *shape))
        return self._made[2], self._made[1]


def _in_tasks(
    tokeniser: Tokeniser,
    sent: Broadcast[TokeniserFiles],
    counter: Accumulator[Any],
    places: list[int],
    names: list[str],
) -> Any:
    """What tasks run: batches with a column more, made of the columns at some places.

    Not a pandas UDF, on whose way back NaN becomes null.
    """
    digest, shape = tokeniser.digest, tokeniser.shape
    most_rows = max(_MOST_NUMBERS // tokeniser.width, 1)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        _use_cores_of_task()
        opened = _opened_here(digest, sent, shape)
        for batch in batches:
            for part in _parts(batch, most_rows):
                encoded = opened.encode(*(part.column(place).to_pylist() for place in places))
                counter.add(encoded.counts)
                columns = [*part.columns, as_lists(encoded.rows)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

    return run


def _parts(batch: pa.RecordBatch, rows: int) -> Iterator[pa.RecordBatch]:
    """A batch in parts of so many rows."""
    for begin in range(0, batch.num_rows, rows):
        yield batch.slice(begin, rows)


def _opened_here(digest: str, sent: Broadcast[TokeniserFiles], shape: Shape) -> Tokeniser:
    """The tokeniser, made once in each worker process."""
    if digest not in _opened:
        _opened[digest] = Tokeniser(sent.value, shape.max_length, shape.windows, shape.stride)
        if len(_opened) > _MOST_TOKENISERS:
            _opened.popitem(last=False)
    _opened.move_to_end(digest)
    return _opened[digest]


def _use_cores_of_task() -> None:
    """Have the library start no more threads than the task has cores.

    It would start one for each core of the machine, in each of the tasks.
    """
    task = TaskContext.get()
    cores = 1 if task is None else task.cpus()
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if cores > 1 else "false"
    os.environ["RAYON_NUM_THREADS"] = str(cores)
