"""The rows of one seed as Spark tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.text_demo.rows import ID, LABEL, TEXT, Split

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

IS_VALIDATION = "is_validation"
_PARTITIONS = 2
_SCHEMA = f"{ID} long, {TEXT} string, {LABEL} double, {IS_VALIDATION} boolean"


@dataclass(frozen=True)
class Tables:
    """Columns `id`, `text`, `label` and `is_validation`.

    Parameters
    ----------
    learning : DataFrame
        Rows to train on and rows to choose by; `is_validation` tells them apart.
    test : DataFrame
        Rows that nothing is chosen by.
    """

    learning: DataFrame
    test: DataFrame

    @property
    def train(self) -> DataFrame:
        return self.learning.where(f"not {IS_VALIDATION}")

    @property
    def validation(self) -> DataFrame:
        return self.learning.where(IS_VALIDATION)


@contextmanager
def tables(spark: SparkSession, split: Split) -> Iterator[Tables]:
    """Both tables, kept in memory."""
    import pandas as pd

    marked = [
        part.assign(**{IS_VALIDATION: part is split.validation})
        for part in (split.train, split.validation, split.test)
    ]
    parts = (pd.concat(marked[:2]), marked[2])
    learning, test = (
        spark.createDataFrame(part, _SCHEMA).repartition(_PARTITIONS, ID).persist()
        for part in parts
    )
    try:
        yield Tables(learning, test)
    finally:
        learning.unpersist()
        test.unpersist()


def accuracy(model: PipelineModel, table: DataFrame) -> float:
    """Share of the rows whose prediction is the label."""
    from pyspark.sql import functions as fn

    is_right = (fn.col("prediction") == fn.col(LABEL)).cast("double")
    return float(model.transform(table).agg(fn.avg(is_right)).collect()[0][0])
