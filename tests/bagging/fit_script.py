"""A program that fits 200 replicas; tests kill parts of it."""

from __future__ import annotations

import hashlib
import json
import sys

from pyspark.sql import SparkSession

from pipeline.bagging import BaggingClassifier

REPLICAS = 200


def main() -> None:
    """Fit, and print the digests of the replicas."""
    master, checkpoints = sys.argv[1:3]
    spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.range(60_000).selectExpr(
        "id",
        *(f"cast(xxhash64(id, {n}) % 1000 as double) as x{n}" for n in range(8)),
        "id % 2 as y",
    )
    estimator = BaggingClassifier(
        featuresCols=[f"x{n}" for n in range(8)],
        labelCol="y",
        rowIdCol="id",
        replicas=REPLICAS,
        checkpoint_dir=checkpoints,
    )
    model = estimator.fit(frame)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in model.natives.items()}
    json.dump({"files": digests, "out_of_bag": model.metrics["out_of_bag"]}, sys.stdout)
    spark.stop()


if __name__ == "__main__":
    main()
