"""A user's error reaches the driver as itself, and no task is attempted again for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark import TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipeline.errors import ConfigError, DataError, ModelError, StoreError, UserError
from pipeline.local.java import find_java
from pipeline.spark.told import Told, heard, run_on_partitions, telling

ROOT = Path(__file__).resolve().parents[2]


def test_what_tasks_return_comes_in_the_order_of_partitions(spark: SparkSession) -> None:
    def rows(batches: Any) -> tuple[int, int]:
        return TaskContext.get().partitionId(), sum(batch.num_rows for batch in batches)

    assert run_on_partitions(spark.range(10, numPartitions=3), rows) == [(0, 3), (1, 3), (2, 4)]


def failed_tasks(spark: SparkSession, group: str) -> list[int]:
    tracker = spark.sparkContext.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages = [tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds]
    return [stage.numFailedTasks for stage in stages]


def test_a_users_error_fails_no_task_also_with_input_left_unread(spark: SparkSession) -> None:
    def refuses(batches: Any) -> None:
        next(iter(batches))
        raise DataError(f"partition {TaskContext.get().partitionId()}: bad")

    spark.sparkContext.setJobGroup("told", "told")
    try:
        with pytest.raises(DataError, match=r"^partition 0: bad\npartition 1: bad$") as raised:
            run_on_partitions(spark.range(200_000, numPartitions=2), refuses)
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    assert type(raised.value) is DataError
    assert failed_tasks(spark, "told") == [0]


def test_the_tasks_of_an_rdd_tell_too(spark: SparkSession) -> None:
    def work(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            if number == 3:
                raise ModelError("three is no model")
            yield number

    told = spark.sparkContext.parallelize(range(6), 2).mapPartitions(telling(work)).collect()
    assert told == [0, 1, 2, Told("ModelError", "three is no model")]
    with pytest.raises(ModelError, match=r"^three is no model$"):
        heard(told)


def test_other_errors_are_left_to_spark(spark: SparkSession) -> None:
    frame = spark.range(1, numPartitions=1)

    def breaks(_batches: Any) -> None:
        raise ValueError("seven")

    def loses(_batches: Any) -> None:
        raise StoreError("the bucket is gone")

    with pytest.raises((Py4JJavaError, PySparkException), match="ValueError: seven"):
        run_on_partitions(frame, breaks)
    with pytest.raises(StoreError, match=r"^the bucket is gone$"):
        run_on_partitions(frame, loses)


def test_up_to_five_different_errors_are_told() -> None:
    told = [Told("DataError", f"column {place % 7}: bad") for place in range(20)]
    with pytest.raises(DataError) as raised:
        heard([1, *told])
    assert str(raised.value).split("\n") == [
        *(f"column {place}: bad" for place in range(5)),
        "and 2 more errors of other rows",
    ]


def test_the_class_is_that_of_the_first_error() -> None:
    with pytest.raises(ConfigError) as raised:
        heard([Told("ConfigError", "a: wrong"), Told("DataError", "b")])
    assert raised.value.problems == ["a: wrong", "b"]
    with pytest.raises(UserError, match=r"^x$") as unknown:
        heard([Told("ErrorOfSomebody", "x")])
    assert type(unknown.value) is UserError


# Executors of this master are threads of one JVM, and a task may be attempted four times.
APPLICATION = """
import sys, uuid
from pathlib import Path
from pyspark.sql import SparkSession
from pipeline.errors import DataError
from pipeline.spark.told import run_on_partitions

calls = Path(sys.argv[1])
spark = (
    SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    .getOrCreate()
)

def counted(kind):
    def work(batches):
        (calls / f"{kind}-{uuid.uuid4().hex}").touch()
        raise DataError("bad rows") if kind == "ours" else ValueError("seven")
    return work

for kind in ("ours", "other"):
    try:
        run_on_partitions(spark.range(4, numPartitions=1), counted(kind))
    except Exception as error:
        print(kind, type(error).__name__, len(list(calls.glob(f"{kind}-*"))))

spark.stop()
"""


def test_with_four_attempts_allowed_a_users_error_is_met_once(tmp_path: Path) -> None:
    # The cluster of the other tests is not this application's.
    kept = {name: value for name, value in os.environ.items() if "SPARK" not in name}
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION, str(tmp_path)],
        env={**kept, "JAVA_HOME": str(find_java()), "PYTHONPATH": str(ROOT)}
        | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout.splitlines() == [
        "ours DataError 1",
        "other PythonException 4",
    ], done.stderr[-3000:]
