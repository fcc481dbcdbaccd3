"""What XGBoost's objectives and metrics are for, and which labels they take."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting.objectives import (
    Task,
    is_greater_better,
    printed,
    require_labels,
    require_metric,
    require_objective,
)
from pipeline.errors import DataError, UserError

OBJECTIVES: dict[Task, list[str]] = {
    "classification": [
        *("binary:logistic", "binary:logitraw", "binary:hinge", "multi:softprob", "multi:softmax")
    ],
    "regression": [
        *("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
        *("reg:squaredlogerror", "reg:logistic", "count:poisson", "reg:tweedie", "reg:gamma"),
        *("survival:aft", "survival:cox"),
    ],
    "ranking": ["rank:ndcg", "rank:pairwise", "rank:map"],
}
PAIRS = [(task, name) for task, names in OBJECTIVES.items() for name in names]


@pytest.mark.parametrize(("task", "name"), PAIRS)
def test_xgboosts_objectives_are_known_and_are_xgboosts(task: Task, name: str) -> None:
    require_objective(task, name)
    more = {"multi": {"num_class": 2}, "reg:q": {"quantile_alpha": 0.5}}
    own = next((params for start, params in more.items() if name.startswith(start)), {})
    matrix = xgb.DMatrix(np.ones((2, 1)), np.ones(2))
    xgb.Booster({"objective": name, **own}, [matrix]).save_config()  # refuses unknown ones


def test_an_objective_of_another_task_is_refused_with_those_of_this_one() -> None:
    with pytest.raises(UserError, match=r"rank:ndcg is for ranking, not for regression: reg:sq"):
        require_objective("regression", "rank:ndcg")
    with pytest.raises(UserError, match=r"reg:gamma is for regression, not for classification: b"):
        require_objective("classification", "reg:gamma")


def test_an_unknown_objective_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"did you mean reg:squarederror\? An own one is given by"):
        require_objective("regression", "reg:squareerror")
    with pytest.raises(UserError, match=r"for ranking; known: rank:ndcg, rank:pairwise, rank:map"):
        require_objective("ranking", "zzz")
    require_objective("ranking", "package.module.function")


@pytest.mark.parametrize(
    "name", ["rmse", "error@0.7", "ndcg@5-", "map@3", "tweedie-nloglik@1.3", "package.module.f"]
)
def test_metrics_with_their_parameters_are_known(name: str) -> None:
    require_metric(name)


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"eval_metric loglos: .* did you mean logloss\?"):
        require_metric("loglos")
    with pytest.raises(UserError, match=r"eval_metric zzz: .* known: rmse, rmsle, mae"):
        require_metric("zzz")


def test_which_metrics_are_the_better_the_greater_is_known() -> None:
    greater = ["auc", "aucpr", "ndcg", "ndcg@10-", "map@3", "pre@1", "interval-regression-accuracy"]
    assert all(map(is_greater_better, greater))
    assert not any(map(is_greater_better, ["rmse", "error@0.5", "aft-nloglik", "merror"]))


@pytest.mark.parametrize(
    ("task", "objective", "bounds", "allowed"),
    [
        ("regression", "reg:gamma", (0.0, 3.0), "above 0"),
        ("regression", "reg:gamma", (0.5, 3.0), None),
        ("regression", "count:poisson", (-1.0, 3.0), "at least 0"),
        ("regression", "count:poisson", (0.0, 3.0), None),
        ("regression", "reg:tweedie", (-0.5, 3.0), "at least 0"),
        ("regression", "reg:logistic", (0.0, 1.5), "from 0 to 1"),
        ("regression", "reg:logistic", (0.0, 1.0), None),
        ("regression", "reg:squaredlogerror", (-1.0, 1.0), "above -1"),
        ("regression", "survival:aft", (-2.0, 1.0), "at least 0"),
        ("regression", "survival:cox", (-2.0, 1.0), None),
        ("regression", "reg:squarederror", (-9.0, 9.0), None),
        ("ranking", "rank:map", (0.0, 2.0), "from 0 to 1"),
        ("ranking", "rank:ndcg", (-1.0, 2.0), "at least 0"),
        ("regression", "package.module.f", (-9.0, 9.0), None),
    ],
)
def test_labels_that_an_objective_does_not_take_are_refused(
    task: Task, objective: str, bounds: tuple[float, float], allowed: str | None
) -> None:
    if allowed is None:
        require_labels(task, objective, "delay", bounds)
        return
    with pytest.raises(DataError) as refused:
        require_labels(task, objective, "delay", bounds)
    low, high = bounds
    assert str(refused.value).startswith(
        f"label delay goes from {low:g} to {high:g}; {objective} takes labels {allowed}:"
    )


def test_a_metric_is_known_as_xgboost_prints_it() -> None:
    assert printed("error@0.70") == "error@0.7"
    assert printed("ndcg@10-") == "ndcg@10-"
    assert printed("tweedie-nloglik@1.50") == "tweedie-nloglik@1.5"
    assert printed("auc") == "auc"
