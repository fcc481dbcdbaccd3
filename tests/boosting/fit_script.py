"""A program that boosts; tests kill parts of it."""

from __future__ import annotations

import hashlib
import json
import sys

from pyspark.sql import SparkSession

from pipeline.boosting import BoostingClassifier
from pipeline.boosting.predictor import BOOSTER
from pipeline.errors import EnsemblesError

ROUNDS = 150
EVERY = 10
ROWS = 60_000


def main() -> int:
    """Fit, and print the digest of the booster, or the error."""
    master, checkpoints, params = sys.argv[1:4]
    spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.range(ROWS).selectExpr(
        "id",
        *(f"cast(xxhash64(id, {n}) % 1000 as double) as x{n}" for n in range(8)),
        "cast(xxhash64(id, 0) % 1000 + xxhash64(id, 1) % 1000 + xxhash64(id, 9) % 500 > 0 as int)"
        " as y",
    )
    estimator = BoostingClassifier(
        featuresCols=[f"x{n}" for n in range(8)],
        labelCol="y",
        rowIdCol="id",
        rounds=ROUNDS,
        max_depth=5,
        checkpoint_rounds=EVERY,
        checkpoint_dir=checkpoints,
        **json.loads(params),
    )
    try:
        model = estimator.fit(frame)
    except EnsemblesError as error:
        json.dump({"error": type(error).__name__, "says": str(error)}, sys.stdout)
        return 0
    finally:
        spark.stop()
    digest = hashlib.sha256(model.natives[BOOSTER]).hexdigest()
    json.dump({"booster": digest, "history": model.history}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
