"""XGBoost's own params: each of them reaches XGBoost under its native name."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting import BoostingClassifier, BoostingRanker, BoostingRegressor
from pipeline.boosting.params.native import OBJECTIVE_NAMES, ROUND_NAMES
from pipeline.boosting.params.trees import TreeParams
from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema
from pipeline.errors import UserError
from pipeline.estimators.profile import Described
from tests.boosting import own_functions

COMMON: dict[str, Any] = {
    **{"max_depth": 5, "max_leaves": 9, "grow_policy": "lossguide", "max_delta_step": 0.5},
    **{"max_bin": 64, "min_child_weight": 0.5, "gamma": 0.25, "reg_lambda": 0.75},
    **{"reg_alpha": 0.125, "colsample_bytree": 0.875, "colsample_bylevel": 0.75},
    **{"colsample_bynode": 0.5, "max_cat_to_onehot": 5, "max_cat_threshold": 17},
    **{"eta": 0.25, "subsample": 0.75, "sampling_method": "uniform", "num_parallel_tree": 2},
    **{"multi_strategy": "one_output_per_tree", "booster": "dart", "rate_drop": 0.5},
    **{"one_drop": True, "skip_drop": 0.25, "sample_type": "weighted"},
    **{"normalize_type": "forest", "max_cached_hist_node": 100},
}
BY_OBJECTIVE: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "binary:logistic": (BoostingClassifier, {"scale_pos_weight": 2.0, "base_score": 0.25}),
    "reg:quantileerror": (BoostingRegressor, {"quantile_alpha": [0.25, 0.75]}),
    "reg:tweedie": (BoostingRegressor, {"tweedie_variance_power": 1.25}),
    "reg:pseudohubererror": (BoostingRegressor, {"huber_slope": 2.0}),
    "survival:aft": (
        BoostingRegressor,
        {"aft_loss_distribution": "logistic", "aft_loss_distribution_scale": 1.5},
    ),
    "rank:ndcg": (
        BoostingRanker,
        {
            **{"lambdarank_pair_method": "mean", "lambdarank_num_pair_per_sample": 3},
            **{"lambdarank_normalization": False, "lambdarank_score_normalization": False},
            **{"lambdarank_unbiased": True, "lambdarank_bias_norm": 1.5, "ndcg_exp_gain": False},
        },
    ),
}
NOT_IN_ITS_CONFIG = {"verbosity", "extmem_single_page"}  # of the process; of GPUs
LABELS = {BoostingClassifier: LabelSchema("y", (0.0, 1.0))}


def _described(estimator: type[Any]) -> Described:
    schema = FeatureSchema(tuple(Feature(name, "numeric") for name in "abc"))
    label = LABELS.get(estimator, LabelSchema("y", (), (1.0, 2.0)))
    return Described(schema, label, 100, (50, 50))


def _matrix(objective: str) -> xgb.DMatrix:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100) + (objective == "survival:aft")
    matrix = xgb.QuantileDMatrix(rng.normal(size=(100, 3)), labels, max_bin=64)
    if objective == "survival:aft":
        matrix.set_info(label_lower_bound=labels, label_upper_bound=labels + 1)
    if objective == "rank:ndcg":
        matrix.set_group([60, 40])
    return matrix


def _everywhere(config: Any, name: str) -> list[Any]:
    """All values that a name has in XGBoost's config."""
    inside = list(config.values()) if isinstance(config, dict) else config
    if not isinstance(inside, list):
        return []
    own = [config[name]] if isinstance(config, dict) and name in config else []
    return [*own, *(value for each in inside for value in _everywhere(each, name))]


def _is_same(found: str, given: Any) -> bool:
    if isinstance(given, str):
        return found == given
    values = json.loads(found) if found.startswith("[") else float(found)
    return bool(np.allclose(values, np.asarray(given, dtype=float)))


@pytest.mark.parametrize("objective", BY_OBJECTIVE)
def test_every_param_reaches_xgboost_under_its_native_name(objective: str) -> None:
    kind, own = BY_OBJECTIVE[objective]
    given = {**COMMON, **own}
    more = {"qidCol": "q"} if kind is BoostingRanker else {}
    estimator = kind(
        objective=objective,
        monotone_constraints={"b": -1},
        interaction_constraints=[["a", "b"], ["c"]],
        **given,
        **more,
    )
    estimator.require_valid()
    params = estimator.native_params(_described(kind))
    assert {name: params[name] for name in given} == given
    matrix = _matrix(objective)
    booster = xgb.Booster({**params, "validate_parameters": True}, [matrix])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # XGBoost's way to say that it does not know a param
        booster.update(matrix, 0)
    config = json.loads(booster.save_config())
    for name, value in given.items():
        found = _everywhere(config, name)
        assert found, name
        assert all(_is_same(each, value) for each in found), (name, found)
    assert _everywhere(config, "monotone_constraints") == ["(0,-1,0)"]
    assert _everywhere(config, "interaction_constraints") == ["[[0,1],[2]]"]


def test_no_param_is_left_out_above() -> None:
    tried = {*COMMON, *(name for _, own in BY_OBJECTIVE.values() for name in own)}
    known = {*OBJECTIVE_NAMES, *ROUND_NAMES, *TreeParams._TREE_NAMES}
    assert known - tried == NOT_IN_ITS_CONFIG


def test_params_that_are_not_set_are_left_to_xgboost() -> None:
    params = BoostingRegressor(seed=3).native_params(_described(BoostingRegressor))
    assert params == {
        "tree_method": "hist",
        "objective": "reg:squarederror",
        **{"eta": 0.1, "max_depth": 6, "max_bin": 256, "min_child_weight": 1.0},
        **{"reg_lambda": 1.0, "subsample": 1.0, "seed": 3},
    }


def test_the_users_objective_and_metrics_win() -> None:
    given = BoostingClassifier(objective="binary:hinge", eval_metric=["auc", "error"])
    params = given.native_params(_described(BoostingClassifier))
    assert (params["objective"], params["eval_metric"]) == ("binary:hinge", ["auc", "error"])
    own = BoostingRegressor(objective=own_functions.squared, eval_metric=own_functions.furthest)
    assert own.value("objective") == "tests.boosting.own_functions.squared"
    params = own.native_params(_described(BoostingRegressor))
    assert params["disable_default_eval_metric"]
    assert "eval_metric" not in params


def test_one_metric_and_one_quantile_may_be_given_as_they_are() -> None:
    found = BoostingRegressor(eval_metric="mae", quantile_alpha=0.5)
    assert found.value("eval_metric") == ["mae"]
    assert found.value("quantile_alpha") == [0.5]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"eta": 0.0}, "eta must be above 0 and at most 1, not 0.0"),
        ({"subsample": 1.5}, "subsample must be above 0 and at most 1"),
        ({"tree_method": "exact"}, "tree_method must be hist, the only method that distributed"),
        ({"booster": "gblinear"}, "booster must be gbtree or dart"),
        ({"tweedie_variance_power": 2.0}, "tweedie_variance_power must be above 1 and below 2"),
        ({"quantile_alpha": [0.5, 1.0]}, "quantile_alpha must be numbers between 0 and 1"),
        ({"aft_loss_distribution": "gamma"}, "aft_loss_distribution must be normal, logistic or"),
        ({"lambdarank_pair_method": "all"}, "lambdarank_pair_method must be topk or mean"),
        ({"verbosity": 4}, "verbosity must be from 0 to 3, not 4"),
    ],
)
def test_values_that_are_not_allowed_are_told_with_what_is(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        BoostingRegressor(**given).require_valid()
