"""Params on their way to XGBoost."""

from __future__ import annotations

import pytest

from pipeline.bagging import BaggingClassifier
from pipeline.boosting import BoostingClassifier
from pipeline.errors import UserError

pytestmark = pytest.mark.usefixtures("spark")


def test_objective_and_metric_follow_the_number_of_classes() -> None:
    binary = BoostingClassifier().native_params(2, seed=3)
    assert (binary["objective"], binary["eval_metric"]) == ("binary:logistic", "logloss")
    assert "num_class" not in binary
    assert binary["seed"] == 3
    several = BoostingClassifier().native_params(4, seed=3)
    assert (several["objective"], several["eval_metric"]) == ("multi:softprob", "mlogloss")
    assert several["num_class"] == 4


def test_the_users_objective_and_metric_win() -> None:
    given = BoostingClassifier(objective="binary:logitraw", eval_metric="auc").native_params(2, 0)
    assert (given["objective"], given["eval_metric"]) == ("binary:logitraw", "auc")
    assert BoostingClassifier(objective="multi:softprob").native_params(2, 0)["num_class"] == 2
    assert BoostingClassifier(eval_metric="merror").native_params(3, 0)["eval_metric"] == "merror"


def test_objectives_without_class_probabilities_are_refused() -> None:
    with pytest.raises(UserError, match="objective must be one that gives class probabilities"):
        BoostingClassifier(objective="reg:squarederror").require_valid()
    with pytest.raises(UserError, match="binary:logistic is for two classes, the label has 3"):
        BoostingClassifier(objective="binary:logistic").native_params(3, 0)


def test_only_what_is_known_is_passed_on() -> None:
    plain = BoostingClassifier().native_params(2, 0)
    assert plain["max_depth"] == 6
    assert "gamma" not in plain
    assert BoostingClassifier(gamma=0.5).native_params(2, 0)["gamma"] == 0.5
    assert not {"rounds", "numWorkers", "device"} & set(plain)


def test_leaves_of_bagged_trees_are_not_penalised() -> None:
    assert BaggingClassifier().learner_settings()["reg_lambda"] == 0.0
    assert BaggingClassifier(reg_lambda=2.0).learner_settings()["reg_lambda"] == 2.0
