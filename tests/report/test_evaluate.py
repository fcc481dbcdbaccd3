"""Evaluations of scored tables, against scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, lit
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, roc_auc_score

from pipeline.errors import DataError
from pipeline.report.evaluate import BinnedCounts, evaluate


def _frame(spark: SparkSession, data: pd.DataFrame) -> DataFrame:
    frame = spark.createDataFrame(data.to_dict("records"))
    return frame.withColumn("probability", array_to_vector(col("probability")))


def _few(
    spark: SparkSession,
    probabilities: Sequence[Sequence[float]],
    labels: Sequence[Any],
    predictions: Sequence[Any] | None = None,
) -> DataFrame:
    table = pd.DataFrame(
        {
            "split": "test",
            "label": labels,
            "prediction": labels if predictions is None else predictions,
            "probability": [list(row) for row in probabilities],
        }
    )
    return _frame(spark, table)


def _random(classes: Sequence[Any], rows: int, *, steps: int) -> pd.DataFrame:
    """Random labels and related probabilities; few `steps` make many ties."""
    rng = np.random.default_rng(7)
    labels = rng.integers(len(classes), size=rows)
    noise = rng.integers(1, steps + 1, size=(rows, len(classes)))
    scores = noise + 0.6 * steps * np.eye(len(classes))[labels]
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "split": rng.choice(["train", "validation", "test"], size=rows, p=[0.6, 0.2, 0.2]),
            "label": [classes[index] for index in labels],
            "prediction": [classes[index] for index in probabilities.argmax(axis=1)],
            "probability": probabilities.tolist(),
        }
    )


@pytest.mark.parametrize("classes", [[2, 7], ["no", "yes"]])
def test_binary_numbers_are_those_of_scikit_learn(spark: SparkSession, classes: list[Any]) -> None:
    data = _random(classes, 1500, steps=6)
    found = evaluate(_frame(spark, data), classes=classes)
    assert sorted(found) == ["test", "train", "validation"]
    for split, part in data.groupby("split"):
        result = found[str(split)]
        truth = (part["label"] == classes[1]).to_numpy()
        scores = np.array(part["probability"].tolist())
        assert result.rows == len(part)
        assert result.auc == pytest.approx(roc_auc_score(truth, scores[:, 1]), abs=1e-12)
        assert result.log_loss == pytest.approx(log_loss(truth, scores), abs=1e-12)
        assert result.accuracy == pytest.approx(accuracy_score(part["label"], part["prediction"]))
        expected = confusion_matrix(part["label"], part["prediction"], labels=classes)
        assert result.confusion == tuple(map(tuple, expected.tolist()))
        assert result.classes == tuple(map(str, classes))


def test_more_classes_mean_the_mean_of_each_against_the_rest(spark: SparkSession) -> None:
    classes = ["bird", "cat", "dog", "eel"]
    data = _random(classes, 800, steps=5)
    found = evaluate(_frame(spark, data), classes=classes)
    for split, part in data.groupby("split"):
        result = found[str(split)]
        scores = np.array(part["probability"].tolist())
        area = roc_auc_score(part["label"], scores, multi_class="ovr", average="macro")
        assert result.auc == pytest.approx(area, abs=1e-12)
        assert result.log_loss == pytest.approx(log_loss(part["label"], scores), abs=1e-12)
        expected = confusion_matrix(part["label"], part["prediction"], labels=classes)
        assert result.confusion == tuple(map(tuple, expected.tolist()))
        assert result.curves is None


def _check_bins(curves: BinnedCounts | None) -> None:
    """Every row is in one bin; a probability beyond 1 is in the last."""
    assert curves is not None
    assert len(curves.negatives) == len(curves.positives) >= 200
    assert curves.negatives[0] == 1
    assert curves.positives[len(curves.positives) // 2] == 1
    assert (curves.negatives[-1], curves.positives[-1]) == (1, 1)
    assert sum(curves.negatives) + sum(curves.positives) == 4


def test_the_edges(spark: SparkSession) -> None:
    # Each case is a split of its own, which costs one evaluation instead of five.
    cases: dict[str, tuple[list[list[float]], list[int], list[int]]] = {
        "certain mistake": ([[1.0, 0.0]], [1], [0]),
        "equal scores": ([[0.7, 0.3]] * 4, [0, 1, 1, 0], [0, 0, 0, 0]),
        "one class": ([[0.7, 0.3]] * 2, [0, 0], [0, 0]),
        "bins": ([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [-0.01, 1.01]], [0, 1, 1, 0], [0, 1, 1, 0]),
        "no numbers": ([[math.nan, math.nan], [0.2, 0.8]], [0, 1], [0, 1]),
    }
    table = pd.DataFrame(
        [
            {"split": name, "probability": p, "label": label, "prediction": prediction}
            for name, columns in cases.items()
            for p, label, prediction in zip(*columns, strict=True)
        ]
    )
    found = evaluate(_frame(spark, table), classes=[0, 1])
    assert found["certain mistake"].log_loss == pytest.approx(-math.log(1e-15))
    assert found["certain mistake"].accuracy == 0
    assert found["equal scores"].auc == 0.5
    assert math.isnan(found["one class"].auc)
    assert found["one class"].log_loss == pytest.approx(-math.log(0.7))
    assert math.isnan(found["no numbers"].auc)
    assert math.isnan(found["no numbers"].log_loss)
    assert (found["no numbers"].rows, found["no numbers"].accuracy) == (2, 1.0)
    _check_bins(found["bins"].curves)


def test_many_classes_have_no_confusion_counts(spark: SparkSession) -> None:
    result = evaluate(_few(spark, [[1 / 25] * 25] * 2, [0, 24]), classes=range(25))["test"]
    assert result.confusion is None
    assert result.accuracy == 1


@pytest.mark.parametrize(
    ("probabilities", "labels", "predictions", "words"),
    [
        ([[0.5, 0.5]], [3], [0], "label that is none of the classes"),
        ([[0.5, 0.5]], [0], [3], "prediction that is none of the classes"),
        ([[0.5, 0.3, 0.2]], [0], [0], "exactly 2 entries"),
        ([[0.5, 0.5]], ["x"], [0], "label that is none of the classes"),
    ],
)
def test_unusable_rows_are_counted_in_the_error(
    spark: SparkSession,
    probabilities: list[list[float]],
    labels: list[Any],
    predictions: list[Any],
    words: str,
) -> None:
    with pytest.raises(DataError, match=f"1 rows of split test have a .*{words}"):
        evaluate(_few(spark, probabilities, labels, predictions), classes=[0, 1])


def test_what_cannot_be_evaluated_at_all(spark: SparkSession) -> None:
    scored = _few(spark, [[0.5, 0.5]], [0])
    with pytest.raises(DataError, match="two or more different classes"):
        evaluate(scored, classes=[0])
    with pytest.raises(DataError, match="no column nothing"):
        evaluate(scored, classes=[0, 1], probability="nothing")
    with pytest.raises(DataError, match="label holds numbers, but the class 'no' is none"):
        evaluate(scored, classes=["no", "yes"])
    with pytest.raises(DataError, match="1 rows have no split"):
        evaluate(scored.withColumn("split", lit(None)), classes=[0, 1])
