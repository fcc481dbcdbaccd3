"""Boosted trees for classes, on Spark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from pipeline.boosting import BoostingClassificationModel, BoostingClassifier
from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.errors import DataError, UserError
from pipeline.estimators.profile import Described
from tests.boosting import own_functions
from tests.boosting.fits import by_id, classifier, matrix_of


@pytest.fixture(scope="module")
def counts(data: pd.DataFrame) -> dict[int, int]:
    return {int(label): int(number) for label, number in data["three"].value_counts().items()}


@pytest.fixture(scope="module")
def three(rows: DataFrame) -> BoostingClassificationModel:
    return classifier(labelCol="three", class_weight="balanced", rowIdCol="id").fit(rows)


@pytest.mark.slow
def test_balanced_classes_are_the_same_as_a_column_of_these_weights(
    rows: DataFrame, three: BoostingClassificationModel, counts: dict[int, int]
) -> None:
    total = sum(counts.values())
    weight = F.lit(None)
    for label, number in counts.items():
        weight = F.when(F.col("three") == label, total / (3 * number)).otherwise(weight)
    weighted = rows.withColumn("w", weight.cast("double"))
    found = classifier(labelCol="three", weightCol="w", rowIdCol="id").fit(weighted)
    assert found.natives == three.natives
    assert found.history == three.history


def test_three_classes_are_told_apart(
    rows: DataFrame, three: BoostingClassificationModel, data: pd.DataFrame
) -> None:
    assert three.classes == (1.0, 2.0, 7.0)
    assert set(three.history[0]) == {"round", "train.mlogloss"}
    probability, prediction = by_id(three.transform(rows), "probability", "prediction")
    ordered = data.sort_values("id")
    assert (prediction == ordered["three"].to_numpy()).mean() > 0.85
    expected = three.get_booster().predict(matrix_of(three, ordered))
    assert np.allclose(probability, expected, atol=1e-6)
    assert (np.array(three.classes)[probability.argmax(axis=1)] == prediction).all()


@pytest.mark.slow
def test_an_own_objective_has_probabilities_and_a_metric_that_may_decide(
    rows: DataFrame, data: pd.DataFrame
) -> None:
    found = classifier(
        objective=own_functions.logistic,
        labelCol="truth",
        validationIndicatorCol="later",
        early_stopping_rounds=3,
        rounds=15,
        eta=0.5,
        base_score=0.5,
    ).fit(rows)
    assert found.metadata["boosting"]["objective"] == "tests.boosting.own_functions.logistic"
    losses = [row["validation.logloss"] for row in found.history]
    assert found.bestIteration == int(np.argmin(losses)) > 3
    assert min(losses) < 0.35
    (probability,) = by_id(found.transform(rows), "probability")
    ordered = data.sort_values("id")
    assert ((probability[:, 1] > 0.5) == ordered["truth"].to_numpy()).mean() > 0.85
    later = ordered["later"].to_numpy()
    own = probability[later, ordered["truth"].to_numpy().astype(int)[later]]
    assert -np.log(own).mean() == pytest.approx(min(losses), abs=1e-5)


def test_objectives_for_two_classes_are_refused_for_more(rows: DataFrame) -> None:
    estimator = classifier(labelCol="three", objective="binary:logistic")
    with pytest.raises(UserError, match="binary:logistic is for two classes, the label has 3"):
        estimator.fit(rows)


def test_metrics_follow_from_the_objective() -> None:
    def params(classes: int, **given: str) -> dict[str, object]:
        label = LabelSchema("y", tuple(float(each) for each in range(classes)))
        described = Described(FeatureSchema(vector="v", size=2), label, 9, (3,) * classes)
        return BoostingClassifier(**given).native_params(described)

    assert params(2)["eval_metric"] == ["logloss"]
    assert params(2)["objective"] == "binary:logistic"
    assert "num_class" not in params(2)
    assert params(2, objective="binary:hinge")["eval_metric"] == ["error"]
    assert params(2, objective="binary:logitraw")["eval_metric"] == ["auc"]
    assert params(2, objective="multi:softprob")["num_class"] == 2
    several = params(4)
    assert (several["objective"], several["eval_metric"]) == ("multi:softprob", ["mlogloss"])
    assert several["num_class"] == 4
    assert params(4, eval_metric="merror")["eval_metric"] == ["merror"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sentence"),
    [("m", "this model needs 3: one for each class"), ("v", "vectors of length 2, not 3")],
)
def test_a_margin_is_needed_for_each_class(name: str, sentence: str, rows: DataFrame) -> None:
    margins = rows.withColumn("m", F.lit(0.5)).withColumn(
        "v", array_to_vector(F.array(F.lit(0.0), F.lit(1.0)))
    )
    with pytest.raises(DataError, match=sentence):
        classifier(labelCol="three", baseMarginCol=name).fit(margins)


def test_weights_of_classes_name_classes(rows: DataFrame) -> None:
    with pytest.raises(UserError, match=r"class_weight names 5.*: no class of three, which"):
        classifier(labelCol="three", class_weight={1: 2.0, 5: 1.0}).fit(rows)
    with pytest.raises(UserError, match="class_weight must be none, balanced, or a map"):
        classifier(class_weight="heavy").require_valid()
