"""The trainers and a table for them: shared by all that holds for every estimator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.estimators.samples import TRAINERS, Trainer, frame, table


@pytest.fixture(scope="module", params=list(TRAINERS))
def trainer(request: pytest.FixtureRequest) -> Trainer:
    return TRAINERS[request.param]


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    found = frame(spark, table(400)).cache()
    yield found
    found.unpersist()
