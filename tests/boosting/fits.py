"""Estimators with params that train in seconds, and what they are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import xgboost as xgb
from pyspark.sql import DataFrame

from pipeline.boosting import BoostingClassifier
from pipeline.boosting.model import BoostingModel
from tests.estimators.samples import FEATURES


def classifier(**params: Any) -> BoostingClassifier:
    """Of two classes; draws rows and columns."""
    given = {
        "featuresCols": FEATURES,
        "labelCol": "text",
        "rounds": 5,
        "checkpoint_rounds": 2,
        "max_depth": 3,
        "subsample": 0.8,
        "colsample_bynode": 0.5,
        **params,
    }
    return BoostingClassifier(**given)


def matrix_of(model: BoostingModel, data: pd.DataFrame, **more: Any) -> xgb.DMatrix:
    """The rows as the model's booster takes them."""
    booster = model.get_booster()
    columns = list(model.features.columns)
    encoded = model.features.encode(pa.Table.from_pandas(data[columns], preserve_index=False))
    return xgb.DMatrix(
        encoded,
        feature_names=booster.feature_names,
        feature_types=booster.feature_types,
        enable_categorical=True,
        **more,
    )


def by_id(scored: DataFrame, *columns: str) -> list[np.ndarray]:
    """Columns of a frame in the order of `id`."""
    found = scored.select("id", *columns).toPandas().sort_values("id")
    return [np.array(found[name].tolist()) for name in columns]
