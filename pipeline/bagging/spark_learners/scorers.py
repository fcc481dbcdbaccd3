"""What a few replicas say about rows of a frame, put side by side in a column."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import ArrayType, DoubleType, StructField, StructType

from pipeline.bagging.spark_learners.allowed import is_ours
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.names import FEATURES, SCORES, output
from pipeline.data.encoding import FeatureSchema, Matrix
from pipeline.data.names import column
from pipeline.estimators.arrow import by_place
from pipeline.estimators.predictor import Predictor, make_predictor
from pipeline.spark.job_progress import rows_counter

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import Column, DataFrame, SparkSession

logger = logging.getLogger(__name__)

MOST_IN_A_PLAN = 200
"""Replicas in one plan of Spark's from which on a warning is due."""

_MOST_OPENED = 2
_opened: OrderedDict[str, list[OpenedMember]] = OrderedDict()


class Scorer(Protocol):
    """Some replicas that score frames."""

    def scored(self, frame: DataFrame) -> DataFrame:
        """A prepared frame with an array of what each replica says, one after the other."""

    def close(self) -> None:
        """Give up what executors hold; frames that were scored cannot be computed any more."""


def scorer_of(members: Members, models: Sequence[tuple[int, Any]]) -> Scorer:
    """What scores frames with these replicas.

    Parameters
    ----------
    members : Members
        What they have in common.
    models : sequence of (int, model)
        The replicas.
    """
    return Together(members, models) if is_ours(members.estimator) else Chain(members, models)


# --- models of MLlib and others -------------------------------------------------------------------


class Chain:
    """Replicas that Spark applies one by one, each a transformation of the frame.

    Spark's plan grows with every replica, and the time to make it faster than their number. So
    out-of-bag votes are counted by blocks of replicas. Scoring has one plan for all of them: up to
    `MOST_IN_A_PLAN` are advised, and more of them give a warning.

    Parameters
    ----------
    members : Members
        What they have in common.
    models : sequence of (int, model)
        The replicas.
    """

    def __init__(self, members: Members, models: Sequence[tuple[int, Any]]) -> None:
        self._members = members
        self._models = [(replica, self._quiet(model, replica)) for replica, model in models]

    def scored(self, frame: DataFrame) -> DataFrame:
        """A prepared frame with an array of what each replica says, one after the other."""
        if len(self._models) > MOST_IN_A_PLAN:
            logger.warning(
                "bagging: %d replicas of %s are %d steps of one Spark plan, which takes long to "
                "make; up to %d are advised. The project's own learners have no such limit",
                len(self._models),
                self._members.estimator.__name__,
                len(self._models),
                MOST_IN_A_PLAN,
            )
        kept = [name for name in frame.columns if name not in self._members.inputs.columns]
        scores = []
        for replica, model in self._models:
            frame = model.transform(self._members.seen(frame, replica)[0])
            scores.append(self._scores(model, output(replica)))
        return frame.select(*map(column, kept), F.concat(*scores).alias(SCORES))

    def close(self) -> None:
        """Nothing is held."""

    def _quiet(self, model: Any, replica: int) -> Any:
        """Let a model write one column only: probabilities where it has them."""
        names = ("rawPredictionCol", "probabilityCol", "predictionCol")
        quiet = {name: "" for name in names if model.hasParam(name)}
        wanted = "probabilityCol" if self._has_shares(model) else "predictionCol"
        model._set(**{**quiet, wanted: output(replica)})
        return model

    def _has_shares(self, model: Any) -> bool:
        return bool(self._members.classes) and model.hasParam("probabilityCol")

    def _scores(self, model: Any, name: str) -> Column:
        """What a model says, as an array of doubles."""
        value, classes = column(name), self._members.classes
        if not classes:
            return F.array(value.cast("double"))
        if self._has_shares(model):
            said = vector_to_array(value)
            shares = [said[each] for each in range(classes)]
        else:
            shares = [(value == float(each)).cast("double") for each in range(classes)]
        return F.array(*(shares if classes > 2 else shares[1:]))


# --- models of this project -----------------------------------------------------------------------


@dataclass(frozen=True)
class SentMember:
    """A replica as executors get it.

    Parameters
    ----------
    metadata : mapping
        Its manifest.
    natives : mapping of str to bytes
        Its native files.
    columns : tuple of int or None
        Its own share of a vector's columns; None: all, or columns of a table.
    """

    metadata: Mapping[str, Any]
    natives: Mapping[str, bytes]
    columns: tuple[int, ...] | None


@dataclass(frozen=True)
class OpenedMember:
    """A replica in this process.

    Parameters
    ----------
    predictor : Predictor
        Its model.
    schema : FeatureSchema
        What is encoded for it.
    columns : tuple of int or None
        The columns of the matrix that it reads; None: all.
    """

    predictor: Predictor
    schema: FeatureSchema
    columns: tuple[int, ...] | None

    @classmethod
    def open(cls, sent: SentMember, width: int) -> OpenedMember:
        """Make the model from its files, for vectors of that many columns."""
        predictor = make_predictor(sent.metadata, sent.natives)
        schema = predictor.schema
        if schema.vector:
            schema = replace(schema, vector=FEATURES, size=width)
        return cls(predictor, schema, sent.columns)

    def scores(self, batch: pa.RecordBatch, classes: int) -> npt.NDArray[np.float64]:
        """What the replica says about a batch, shape (rows, outputs)."""
        features = self._seen(self.schema.encode(batch))
        if not classes:
            return np.asarray(self.predictor.values(features), dtype=np.float64)[:, None]
        shares = np.zeros((batch.num_rows, classes))
        known = [int(each) for each in self.predictor.classes]  # its sample may lack some
        shares[:, known] = self.predictor.scores(features)[1]
        return shares if classes > 2 else shares[:, 1:]

    def _seen(self, features: Matrix) -> Matrix:
        if self.columns is None:
            return features
        own = features[:, list(self.columns)]
        return np.ascontiguousarray(own) if isinstance(own, np.ndarray) else own


class Together:
    """Replicas that are models of this project: one Python process has all of them score a batch.

    Parameters
    ----------
    members : Members
        What they have in common.
    models : sequence of (int, model)
        The replicas.
    """

    def __init__(self, members: Members, models: Sequence[tuple[int, Any]]) -> None:
        self._members = members
        self._parts = [_sent(members, replica, model) for replica, model in models]
        self._key = uuid.uuid4().hex
        self._broadcast: tuple[str, Broadcast[list[SentMember]]] | None = None

    def scored(self, frame: DataFrame) -> DataFrame:
        """A prepared frame with an array of what each replica says, one after the other."""
        names, classes = list(frame.columns), self._members.classes
        kept = [name for name in names if name not in self._members.inputs.columns]
        key, parts = self._key, self._broadcasted(frame.sparkSession)
        width = self._members.inputs.schema.width
        counter = rows_counter()

        def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            opened = _open(key, parts, width)
            for batch in batches:
                if counter is not None:
                    counter.add(batch.num_rows)
                yield _scored(opened, batch.rename_columns(names), kept, classes)

        through = [frame.schema[name] for name in kept]
        added = StructField(SCORES, ArrayType(DoubleType()))
        return by_place(frame).mapInArrow(run, StructType([*through, added]))

    def close(self) -> None:
        """Take the replicas from executors."""
        if self._broadcast is not None:
            self._broadcast[1].destroy()
            self._broadcast = None

    def _broadcasted(self, spark: SparkSession) -> Broadcast[list[SentMember]]:
        """The replicas, sent to each executor once."""
        application = str(spark.sparkContext.applicationId)
        if self._broadcast is None or self._broadcast[0] != application:
            self._broadcast = (application, spark.sparkContext.broadcast(self._parts))
        return self._broadcast[1]


def _sent(members: Members, replica: int, model: Any) -> SentMember:
    schema = FeatureSchema.from_json(model.metadata["features"])
    columns = members.columns_of(replica) if schema.vector else None
    natives = {name: model.natives[name] for name in model._names_to_score_with()}
    own = None if columns is None else tuple(map(int, columns))
    return SentMember(model.metadata, natives, own)


def _open(key: str, parts: Broadcast[list[SentMember]], width: int) -> list[OpenedMember]:
    """The replicas, opened once in each worker process."""
    if key not in _opened:
        _opened[key] = [OpenedMember.open(each, width) for each in parts.value]
        if len(_opened) > _MOST_OPENED:
            _opened.popitem(last=False)
    _opened.move_to_end(key)
    return _opened[key]


def _scored(
    opened: Sequence[OpenedMember], batch: pa.RecordBatch, kept: Sequence[str], classes: int
) -> pa.RecordBatch:
    scores = np.concatenate([each.scores(batch, classes) for each in opened], axis=1)
    offsets = pa.array(np.arange(batch.num_rows + 1, dtype=np.int32) * scores.shape[1])
    said = pa.ListArray.from_arrays(offsets, pa.array(scores.reshape(-1)))
    through = [batch.column(name) for name in kept]
    return pa.RecordBatch.from_arrays([*through, said], names=[*kept, SCORES])
