"""Samples of rows that stay in a Spark frame."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging.resampling import poisson_counts
from pipeline.bagging.spark_learners.names import BASE_WEIGHT, KEY, WEIGHT
from pipeline.bagging.spark_learners.table import in_bag


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_weights_depend_on_seed_replica_and_row_alone(spark: SparkSession, partitions: int) -> None:
    ids = np.arange(-300, 300, dtype=np.int64) * 7_919
    rows = spark.range(600).select(
        ((F.col("id") - 300) * 7_919).alias(KEY),
        (F.col("id") % 3).cast("double").alias(BASE_WEIGHT),
    )
    found = in_bag(rows.orderBy(F.rand(partitions)).repartition(partitions), 5, 2, 0.7)
    weights = {row[KEY]: row[WEIGHT] for row in found.collect()}
    wanted = poisson_counts(5, 2, ids, 0.7) * (np.arange(600) % 3).astype(float)
    assert weights == {key: weight for key, weight in zip(ids, wanted, strict=True) if weight}
