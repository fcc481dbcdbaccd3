"""Setting params by name, and checking them."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.bagging import BaggingClassifier
from pipeline.boosting import BoostingClassifier
from pipeline.deep import DeepClassifier
from pipeline.errors import UserError
from pipeline.spark.gang import GangLimits

# pyspark's params ask for a SparkContext
pytestmark = pytest.mark.usefixtures("spark")


def test_setters_can_be_chained() -> None:
    chained = (
        BoostingClassifier()
        .setFeaturesCols(["a"])
        .setFeaturesCol("v")
        .setLabelCol("y")
        .setWeightCol("w")
        .setValidationIndicatorCol("later")
        .setPredictionCol("guess")
        .setProbabilityCol("p")
        .setRawPredictionCol("raw")
        .setSeed(5)
        .setParams(rounds=3)
    )
    found = {param.name: value for param, value in chained.extractParamMap().items()}
    assert found["featuresCols"] == ["a"]
    assert (found["labelCol"], found["weightCol"], found["seed"]) == ("y", "w", 5)
    assert (found["predictionCol"], found["probabilityCol"]) == ("guess", "p")
    assert found["rounds"] == 3


def test_none_leaves_the_default() -> None:
    estimator = DeepClassifier(epochs=None, weightCol=None)
    assert estimator.value("epochs") == 20
    assert estimator.value("weightCol") is None


def test_the_seed_is_the_same_in_every_process() -> None:
    assert BaggingClassifier().value("seed") == 0


@pytest.mark.parametrize(
    ("estimator", "params", "sentence"),
    [
        (BaggingClassifier, {"replicas": 0}, "replicas must be from 1 to 100000, not 0"),
        (BaggingClassifier, {"max_depth": 33}, "max_depth must be from 0 to 32, not 33"),
        (BaggingClassifier, {"seed": 2**31}, "seed must be from 0 to 2147483647"),
        (BoostingClassifier, {"eta": 0.0}, "eta must be above 0 and at most 1, not 0.0"),
        (BoostingClassifier, {"device": "tpu"}, "device must be cpu or gpu, not 'tpu'"),
        (BoostingClassifier, {"gangWait": 0.0}, "gangWait must be positive, not 0.0"),
        (DeepClassifier, {"hidden": [8, 0]}, r"hidden must be positive numbers, not \[8, 0\]"),
        (DeepClassifier, {"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
    ],
)
def test_what_is_not_allowed_is_said(estimator: Any, params: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{estimator.__name__}: {sentence}"):
        estimator(**params).require_valid()


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (BaggingClassifier, "min_child_weight"),
        (BoostingClassifier, "eta"),
        (BoostingClassifier, "gangStall"),
        (DeepClassifier, "learning_rate"),
        (DeepClassifier, "weight_decay"),
    ],
)
def test_nan_is_no_number(estimator: Any, name: str) -> None:
    with pytest.raises(UserError, match=f"{name} must be .*, not nan"):
        estimator(**{name: float("nan")}).require_valid()


def test_limits_of_gangs() -> None:
    given = BoostingClassifier(gangAttempts=2, gangWait=5, gangStall=7, gangQueue=0)
    assert given.gang_limits == GangLimits(2, 5.0, 0.0, 7.0)
    assert BoostingClassifier().gang_limits == GangLimits()
    assert BoostingClassifier(device="gpu").gpus_per_worker == 1
    assert BoostingClassifier().gpus_per_worker == 0
