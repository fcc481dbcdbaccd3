"""How one tree is grown: limits that must fit together."""

from __future__ import annotations

import pytest

from pipeline.bagging import BaggingClassifier
from pipeline.boosting import BoostingClassifier
from pipeline.errors import UserError


def test_a_tree_needs_a_limit() -> None:
    with pytest.raises(UserError, match="max_depth=0 puts no limit on a tree, so max_leaves must"):
        BoostingClassifier(max_depth=0).require_valid()
    BoostingClassifier(max_depth=0, max_leaves=7, grow_policy="lossguide").require_valid()


def test_only_params_that_are_set_or_have_a_default_are_passed_on() -> None:
    assert BoostingClassifier().tree_params() == {
        "max_depth": 6,
        "max_bin": 256,
        "min_child_weight": 1.0,
        "reg_lambda": 1.0,
    }
    assert BoostingClassifier(gamma=0.5).tree_params()["gamma"] == 0.5


def test_leaves_of_bagged_trees_are_not_penalised() -> None:
    assert BaggingClassifier().learner_settings()["reg_lambda"] == 0.0
    assert BaggingClassifier(reg_lambda=2.0).learner_settings()["reg_lambda"] == 2.0
