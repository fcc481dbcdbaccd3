"""A gang on a cluster with pretended GPUs: prints each worker's device."""

from __future__ import annotations

import json
import sys

from pyspark.sql import SparkSession

from pipeline.deep.runtime import context_of
from pipeline.spark.gang import run_gang
from pipeline.spark.resources import plan_gang
from pipeline.spark.worker import Worker


def device(worker: Worker) -> str:
    """As MXNet calls it; nothing runs on it."""
    return str(context_of(worker.gpus))


def main() -> int:
    """Run the gang."""
    builder = SparkSession.builder.master(sys.argv[1]).config("spark.ui.enabled", "false")
    spark = (
        builder.config("spark.executor.resource.gpu.amount", "2")
        .config("spark.task.resource.gpu.amount", "1")
        .getOrCreate()
    )
    plan = plan_gang(spark, 2, 1)
    found = run_gang(spark, plan, device, name="devices", collective="none")
    spark.stop()
    json.dump({"devices": found}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
