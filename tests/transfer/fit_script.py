"""A program that trains a network of texts; tests kill parts of it."""

from __future__ import annotations

import json
import logging
import sys

from pyspark.sql import SparkSession

from pipeline.errors import EnsemblesError
from pipeline.transfer import TextClassifier
from tests.transfer import tiny_bert

HEAD_EPOCHS, EPOCHS = 5, 5
ROWS = 3_000


def main() -> int:
    """Fit, and print history and accuracy, or the error."""
    logging.basicConfig(level=logging.INFO)
    master, checkpoints, params = sys.argv[1:4]
    spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rows = tiny_bert.frame(spark, ROWS).cache()
    estimator = TextClassifier(
        textCol="text",
        labelCol="label",
        rowIdCol="id",
        checkpoint_dir=checkpoints,
        strategy="frozen_then_fine_tune",
        head_learning_rate=2e-2,
        learning_rate=1e-3,
        head_epochs=HEAD_EPOCHS,
        epochs=EPOCHS,
        max_length=12,
        batch_size=32,
        validation_fraction=0.2,
        patience=0,
        **json.loads(params),
    )
    try:
        model = estimator.fit(rows)
        scored = model.transform(rows).select("label", "prediction").collect()
    except EnsemblesError as error:
        json.dump({"error": type(error).__name__, "says": str(error)}, sys.stdout)
        return 0
    finally:
        spark.stop()
    for row in model.history:
        del row["seconds"]
    right = sum(row["label"] == row["prediction"] for row in scored)
    json.dump({"history": model.history, "right": right}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
