"""A program that trains a network; tests kill parts of it."""

from __future__ import annotations

import json
import logging
import sys

from pyspark.sql import SparkSession

from pipeline.deep import DeepClassifier
from pipeline.errors import EnsemblesError

EPOCHS = 12
ROWS = 60_000


def main() -> int:
    """Fit, and print history and some predictions, or the error."""
    logging.basicConfig(level=logging.INFO)
    master, checkpoints, params = sys.argv[1:4]
    spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.range(ROWS).selectExpr(
        "id",
        *(f"cast(xxhash64(id, {n}) % 1000 as double) as x{n}" for n in range(8)),
        "cast(xxhash64(id, 0) % 1000 + xxhash64(id, 1) % 1000 + xxhash64(id, 9) % 500 > 0 as int)"
        " as y",
    )
    features = [f"x{n}" for n in range(8)]
    given = {
        "hidden": [64, 32],
        "epochs": EPOCHS,
        "batch_size": 512,
        "validation_fraction": 0.2,
        "patience": 0,
        "learning_rate_schedule": "cosine",
        **json.loads(params),
    }
    estimator = DeepClassifier(
        featuresCols=features,
        labelCol="y",
        rowIdCol="id",
        checkpoint_dir=checkpoints,
        **given,
    )
    try:
        model = estimator.fit(frame)
    except EnsemblesError as error:
        json.dump({"error": type(error).__name__, "says": str(error)}, sys.stdout)
        return 0
    finally:
        spark.stop()
    rows = [
        {name: float((7 * n * (k + 1)) % 1000 - 500) for k, name in enumerate(features)}
        for n in range(50)
    ]
    for row in model.history:
        del row["seconds"]
    scores = model.predictor.predict_proba(rows).tolist()
    json.dump({"scores": scores, "history": model.history}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
