"""Names of AdaBoost's params, its own and those of other libraries."""

from __future__ import annotations

import pytest

from pipeline.boosting import AdaBoostClassifier
from pipeline.errors import UserError


def test_the_learning_rate_is_that_of_votes_by_all_of_its_names() -> None:
    for name in ("learning_rate", "eta"):
        assert AdaBoostClassifier(**{name: 0.25}).value("learning_rate") == 0.25
    with pytest.raises(UserError, match="given twice"):
        AdaBoostClassifier(learning_rate=0.25, eta=0.5)


def test_names_of_xgboost_spark_are_taken() -> None:
    estimator = AdaBoostClassifier(
        features_col=["a", "b"], label_col="y", n_estimators=7, num_workers=2, random_state=3
    )
    names = ("featuresCols", "labelCol", "rounds", "numWorkers", "seed")
    assert [estimator.value(name) for name in names] == [["a", "b"], "y", 7, 2, 3]


@pytest.mark.parametrize("name", ["objective", "eval_metric", "subsample", "base_margin_col"])
def test_what_means_nothing_to_a_committee_is_no_param(name: str) -> None:
    with pytest.raises(UserError, match="unknown param"):
        AdaBoostClassifier(**{name: "x"})


def test_bad_values_are_refused_together() -> None:
    bad = {"rounds": 0, "learning_rate": 0.0, "class_weight": "heavy", "max_depth": 99}
    with pytest.raises(UserError) as refused:
        AdaBoostClassifier(**bad).require_valid()
    for name in bad:
        assert f"{name} must be" in str(refused.value)
