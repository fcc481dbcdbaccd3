"""One small table, and the three trainers with params that train on it in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import BaggingClassificationModel, BaggingClassifier
from pipeline.boosting import BoostingClassificationModel, BoostingClassifier
from pipeline.deep import DeepClassificationModel, DeepClassifier
from pipeline.estimators.estimator import EnsembleEstimator
from pipeline.estimators.model import EnsembleModel

FEATURES = ["a", "b", "c", "flag"]
_TYPES = """
    id long, a double, b int, c string, flag boolean, text string, three int, truth boolean,
    later boolean
"""


@dataclass(frozen=True)
class Trainer:
    """A trainer, as the contract sees it."""

    estimator: type[EnsembleEstimator[Any, Any]]
    model: type[EnsembleModel]
    quick: dict[str, Any]
    bad: dict[str, Any]
    grid: tuple[str, list[Any]]

    def make(self, **params: Any) -> EnsembleEstimator[Any, Any]:
        """The estimator with quick params."""
        return self.estimator(**{**self.quick, **params})


TRAINERS = {
    "bagging": Trainer(
        BaggingClassifier,
        BaggingClassificationModel,
        quick={"replicas": 6, "max_depth": 4, "min_child_weight": 2.0},
        bad={"replicas": 0, "max_depth": 99},
        grid=("replicas", [1, 2]),
    ),
    "boosting": Trainer(
        BoostingClassifier,
        BoostingClassificationModel,
        quick={"rounds": 6, "max_depth": 3, "eta": 0.5},
        bad={"rounds": 0, "device": "tpu", "colsample_bytree": 1.5},
        grid=("rounds", [1, 3]),
    ),
    "deep": Trainer(
        DeepClassifier,
        DeepClassificationModel,
        quick={
            "hidden": [16],
            "epochs": 8,
            "batch_size": 32,
            "learning_rate": 0.02,
            "dropout": 0.0,
        },
        bad={"dropout": 1.0, "hidden": [8, 0], "numWorkers": -1},
        grid=("epochs", [1, 2]),
    ),
}


def table(rows: int, seed: int = 7) -> pd.DataFrame:
    """Numbers, categories, booleans and nulls, and labels that follow from them.

    `text` has two classes (strings), `three` has three (1, 2, 7), `truth` is a boolean; `later`
    marks every fourth row.
    """
    rng = np.random.default_rng(seed)
    a = rng.normal(size=rows)
    b = rng.integers(-5, 6, size=rows)
    c = rng.choice(["red", "green", "blue"], size=rows)
    flag = rng.random(rows) < 0.5
    score = 2 * a + 2.0 * (c == "red") - 1.0 * flag
    return pd.DataFrame(
        {
            "id": rng.permutation(rows) - rows // 2,
            "a": pd.Series(a).where(rng.random(rows) > 0.05),
            "b": b,
            "c": pd.Series(c, dtype=object).where(rng.random(rows) > 0.05, None),
            "flag": flag,
            "text": np.where(score > 0, "yes", "no"),
            "three": np.select([a < -0.5, a < 0.5], [7, 1], 2),
            "truth": score > 0,
            "later": np.arange(rows) % 4 == 0,
        }
    )


def frame(spark: SparkSession, data: pd.DataFrame) -> DataFrame:
    """As a Spark frame in two partitions; nulls, not NaN, are what is missing."""
    records = data.astype(object).where(data.notna(), None).to_dict("records")
    wanted = [name.split() for name in _TYPES.replace("\n", " ").split(",")]
    known = ", ".join(" ".join(words) for words in wanted if words[0] in data.columns)
    plain = [tuple(row[name] for name in data.columns) for row in records]
    return spark.createDataFrame(plain, known).repartition(2, "id")


def ids_of_one_rank(spark: SparkSession, count: int) -> list[int]:
    """Row identities that all fall to the same worker of a gang of two."""
    places = spark.range(50).repartition(2, "id").where(F.spark_partition_id() == 1)
    return sorted(row.id for row in places.collect())[:count]


def probabilities(scored: DataFrame) -> np.ndarray:
    """Of a scored frame, in the order of `id`; an array of shape (rows, classes)."""
    wanted = scored.select("id", vector_to_array("probability").alias("p")).toPandas()
    return np.array(wanted.sort_values("id")["p"].tolist())
