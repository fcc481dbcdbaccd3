"""One table, and the models of it that more than one file looks at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.boosting import BoostingClassificationModel
from tests.boosting.fits import classifier
from tests.estimators.samples import frame, table


@pytest.fixture(scope="session")
def data() -> pd.DataFrame:
    """A fifth of the labels is noise, which boosting learns by heart in a few rounds."""
    data = table(700)
    is_noise = np.random.default_rng(1).random(700) < 0.2
    data["text"] = np.where(is_noise, "no", data["text"])
    return data


@pytest.fixture(scope="session")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="session")
def plain(rows: DataFrame) -> BoostingClassificationModel:
    """Trained on one partition, in order."""
    return classifier().fit(rows.coalesce(1).sortWithinPartitions("id"))


@pytest.fixture(scope="session")
def stopped(rows: DataFrame) -> BoostingClassificationModel:
    """Stopped early, by validation rows."""
    return classifier(
        validationIndicatorCol="later",
        rounds=100,
        early_stopping_rounds=4,
        eta=0.5,
        max_depth=5,
    ).fit(rows)
