"""Columns may be called anything."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.estimators.samples import FEATURES, TRAINERS, frame, table

NAMES = {
    "id": "row.id",
    "a": "a.b",
    "b": "v[0]",
    "c": "v`0<",
    "flag": "is it?",
    "text": "the label.",
    "later": "späte\u0301r",
}


def test_columns_may_be_called_anything(spark: SparkSession) -> None:
    rows = frame(spark, table(60)[list(NAMES)]).toDF(*NAMES.values())
    model = (
        TRAINERS["bagging"]
        .make(
            featuresCols=[NAMES[name] for name in FEATURES],
            labelCol=NAMES["text"],
            rowIdCol=NAMES["id"],
            validationIndicatorCol=NAMES["later"],
            predictionCol="the guess.",
            replicas=2,
        )
        .fit(rows)
    )
    assert model.metadata["rows"] == {"train": 45, "validation": 15}
    scored = model.transform(rows)
    assert scored.columns == [*NAMES.values(), "rawPrediction", "probability", "the guess."]
    assert {row[-1] for row in scored.collect()} == {"no", "yes"}
    assert scored.drop("rawPrediction", "probability").toDF(*map(str, range(8))).count() == 60
