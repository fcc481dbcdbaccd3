"""Progress of plain Spark jobs."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.progress import Step, reporting
from pipeline.spark.job_progress import job_progress, rows_counter


def test_tasks_and_their_rows_are_steps(spark: SparkSession) -> None:
    steps: list[Step] = []
    with reporting(steps.append), job_progress(spark, "scoring with bagging"):
        counter = rows_counter()

        def count(batches: Any) -> Any:
            for batch in batches:
                counter.add(batch.num_rows)
                yield batch

        spark.range(1000, numPartitions=5).mapInArrow(count, "id long").write.format("noop").mode(
            "overwrite"
        ).save()
    last = steps[-1]
    assert (last.task, last.unit, last.number, last.total) == ("scoring with bagging", "task", 5, 5)
    assert last.metrics == {"rows": 1000}


def test_other_jobs_are_not_counted_and_keep_their_group(spark: SparkSession) -> None:
    context = spark.sparkContext
    steps: list[Step] = []
    context.setJobGroup("mine", "my jobs")
    try:
        with reporting(steps.append):
            spark.range(4, numPartitions=4).count()
            with job_progress(spark, "nothing"):
                pass
            spark.range(4, numPartitions=4).count()
        assert context.getLocalProperty("spark.jobGroup.id") == "mine"
        assert len(context.statusTracker().getJobIdsForGroup("mine")) >= 2
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    assert steps == []


def test_outside_nobody_counts(spark: SparkSession) -> None:
    def fails() -> None:
        with job_progress(spark, "x"):
            assert rows_counter() is not None
            raise ValueError("seven")

    assert rows_counter() is None
    with pytest.raises(ValueError, match="seven"):
        fails()
    assert rows_counter() is None
    assert spark.sparkContext.getLocalProperty("spark.jobGroup.id") is None
