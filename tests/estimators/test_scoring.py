"""Scoring a frame as part of a job."""

from __future__ import annotations

from pyspark.sql import SparkSession

from pipeline.progress import Step, reporting
from pipeline.spark.job_progress import job_progress
from tests.estimators.samples import FEATURES, TRAINERS, frame, table


def test_rows_that_are_scored_are_counted(spark: SparkSession) -> None:
    rows = frame(spark, table(200)).repartition(4)
    trainer = TRAINERS["bagging"].make(
        featuresCols=FEATURES, labelCol="text", rowIdCol="id", replicas=1
    )
    model = trainer.fit(rows)
    steps: list[Step] = []
    with reporting(steps.append), job_progress(spark, "scoring with bagging"):
        model.transform(rows).write.format("noop").mode("overwrite").save()
    assert steps[-1].number == steps[-1].total
    assert steps[-1].metrics == {"rows": 200}
