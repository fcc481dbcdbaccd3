"""On real data: the out-of-bag error is that of rows that no replica has seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import BaggingClassifier
from pipeline.data import flights
from pipeline.data.identity import with_row_id

REPLICAS = 40

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("placement", ["task", "gang"])
def test_out_of_bag_and_hold_out_error_agree(placement: str, spark: SparkSession) -> None:
    rows = with_row_id(flights.load(spark)).cache()
    is_test = F.pmod(F.col("row_id"), F.lit(10)) < 3
    train, test = rows.where(~is_test), rows.where(is_test)
    model = BaggingClassifier(
        featuresCols=list(flights.FEATURES),
        labelCol=flights.LABEL,
        rowIdCol="row_id",
        replicas=REPLICAS,
        placement=placement,
    ).fit(train)
    scored = model.transform(test)
    label = F.col(flights.LABEL).cast("double")
    wrong = scored.select(F.avg((F.col("prediction") != label).cast("int"))).first()
    assert wrong is not None
    assert model.metrics["out_of_bag"]["error"] == pytest.approx(wrong[0], abs=0.01)

    count = model.metadata["rows"]["train"]
    draws = np.array([model.inBagCounts(place, train) for place in range(8)])
    assert draws.shape == (8, count)
    in_bag = (draws > 0).mean()
    assert abs(in_bag - (1 - 1 / math.e)) < 5 * math.sqrt(0.1 / draws.size)
    between = np.corrcoef(draws)[np.triu_indices(8, 1)]
    assert abs(between.mean()) < 5 / math.sqrt(count * len(between))
    rows.unpersist()
