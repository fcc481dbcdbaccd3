"""What must fit together among the params of boosting."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.boosting import BoostingClassifier, BoostingRanker, BoostingRegressor
from pipeline.boosting.stopping import Patience
from pipeline.errors import UserError
from tests.boosting import own_functions


def test_all_problems_are_told_at_once() -> None:
    estimator = BoostingClassifier(
        objective="binary:logistc",
        early_stopping_metric="auc",
        initial_model="here",
        resume_from="there",
    )
    with pytest.raises(UserError) as refused:
        estimator.require_valid()
    for part in (
        "did you mean binary:logistic?",
        "early_stopping_metric auc is not among eval_metric (none); add it there",
        "resume_from goes on with a fit that did not end, initial_model with a finished one",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"objective": "rank:ndcg"}, "objective rank:ndcg is for ranking, not for regression"),
        ({"objective": "no.such.module.f"}, "module no.such.module cannot be imported"),
        ({"eval_metric": ["rmse", "rmes"]}, r"eval_metric rmes: .* did you mean rmse\?"),
        ({"eval_metric": "tests.boosting.own_functions.f"}, "there is no f in module tests"),
        ({"eta_schedule": {"kind": "linear"}}, "kind must be one of exponential, step, cosine"),
        ({"sampling_method": "gradient_based"}, "gradient_based needs device=gpu"),
        ({"objective": "reg:quantileerror"}, "reg:quantileerror and quantile_alpha go together"),
        ({"quantile_alpha": 0.5}, "reg:quantileerror and quantile_alpha go together"),
        ({"labelUpperCol": "until"}, "labelUpperCol is for objective=survival:aft, not None"),
        ({"missing": float("inf")}, "missing must be a finite number"),
        ({"feature_types": ["q", "text"]}, "feature_types must be a list of q, float, i, int or"),
        ({"validation_fraction": 1.0}, "validation_fraction must be at least 0 and below 1"),
        ({"rounds": 0}, "rounds must be 1 or more"),
        ({"checkpoint_rounds": -1}, "checkpoint_rounds must be 0 or more"),
        ({"external_memory": "maybe"}, "external_memory must be auto, always or never"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        BoostingRegressor(**given).require_valid()


def test_a_function_that_executors_could_not_import_is_refused_at_once() -> None:
    with pytest.raises(UserError, match="cannot be imported on executors; put it at the top"):
        BoostingRegressor(objective=lambda margins, matrix: (margins, margins))


def test_a_ranker_needs_queries() -> None:
    with pytest.raises(UserError, match="qidCol must name the column of queries"):
        BoostingRanker().require_valid()


def test_params_of_early_stopping_make_one_patience() -> None:
    assert BoostingRegressor(eval_metric="mae").patience is None
    found = BoostingRegressor(
        early_stopping_rounds=3,
        eval_metric=["mae", own_functions.furthest],
        early_stopping_metric=own_functions.furthest,
        maximize=True,
        early_stopping_min_delta=0.5,
    )
    found.require_valid()
    assert found.patience == Patience(3, "furthest", True, 0.5)


def test_the_last_metric_decides_also_where_functions_are_among_them() -> None:
    found = BoostingRegressor(early_stopping_rounds=3, eval_metric=[own_functions.furthest, "mae"])
    assert found.patience == Patience(3, "mae")
    assert BoostingRegressor(early_stopping_rounds=3).patience == Patience(3)
