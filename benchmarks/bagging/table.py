"""The rows that everybody trains on and is judged by: as frames, and encoded as matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import yaml
from pyspark.sql import functions as F  # noqa: N812

from benchmarks.common import ROOT
from pipeline.data import flights
from pipeline.data.encoding import FeatureSchema
from pipeline.data.prepare import ROW_ID, SPLIT, prepare
from pipeline.data.settings import ColumnsSettings, SplitSettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_JOB = ROOT / "conf" / "flights.yaml"
_PARTS = ("train", "test")


@dataclass(frozen=True)
class Matrices:
    """Encoded rows: categories as codes, NaN where a value is missing."""

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """The training and the test rows.

    Parameters
    ----------
    train, test : DataFrame
        Cached.
    rows : int
        Training rows.
    """

    train: DataFrame
    test: DataFrame
    rows: int


def encoded(frame: DataFrame, schema: FeatureSchema) -> Matrices:
    """Rows of a frame as matrices, in this process."""
    table = pa.Table.from_pandas(frame.toPandas(), preserve_index=False)
    labels = table.column(flights.LABEL).to_numpy().astype(np.float32)
    return Matrices(np.ascontiguousarray(schema.encode(table)), labels)


def load(spark: SparkSession, rows: int | None) -> Table:
    """The split that conf/flights.yaml makes, or a part of it with about `rows` training rows."""
    job: dict[str, Any] = yaml.safe_load(_JOB.read_text(encoding="utf-8"))
    columns = ColumnsSettings(**{**job["columns"], "features": list(flights.FEATURES)})
    split = SplitSettings(**job["split"])
    frame = prepare(flights.load(spark), columns, split, job["seed"]).frame
    if rows is not None:
        # Ids are hashes: the first ones are a fair sample, and the same one every time.
        frame = frame.orderBy(ROW_ID).limit(math.ceil(rows / split.train))
    kept = frame.select(ROW_ID, SPLIT, flights.LABEL, *flights.FEATURES).cache()
    train, test = (kept.where(F.col(SPLIT) == name).drop(SPLIT).cache() for name in _PARTS)
    count = train.count()
    test.count()
    kept.unpersist()
    return Table(train, test, count)
