"""Names that users bring from xgboost.spark and from XGBoost itself."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.boosting import BoostingClassifier, BoostingRanker, BoostingRegressor
from pipeline.boosting.params.names import OTHER_NAMES
from pipeline.errors import UserError


def _set(estimator: Any) -> dict[str, Any]:
    return {
        param.name: estimator.value(param.name)
        for param in estimator.params
        if estimator.isSet(param)
    }


def test_snake_case_names_of_xgboost_spark_are_ours() -> None:
    found = BoostingClassifier(
        features_col="v",
        label_col="y",
        weight_col="w",
        prediction_col="p",
        probability_col="q",
        raw_prediction_col="r",
        validation_indicator_col="later",
        base_margin_col="m",
        pred_contrib_col="c",
        num_workers=2,
    )
    assert _set(found) == {
        "featuresCol": "v",
        "labelCol": "y",
        "weightCol": "w",
        "predictionCol": "p",
        "probabilityCol": "q",
        "rawPredictionCol": "r",
        "validationIndicatorCol": "later",
        "baseMarginCol": "m",
        "contribCol": "c",
        "numWorkers": 2,
    }
    assert BoostingRanker(qid_col="q").value("qidCol") == "q"


def test_every_other_name_leads_to_a_param() -> None:
    known = {
        param.name
        for estimator in (BoostingClassifier(), BoostingRegressor(), BoostingRanker(qidCol="q"))
        for param in estimator.params
    }
    assert set(OTHER_NAMES.values()) <= known
    assert not set(OTHER_NAMES) & known


@pytest.mark.parametrize("name", ["features_col", "featuresCol", "features_cols", "featuresCols"])
def test_a_list_of_columns_is_a_list_of_typed_columns(name: str) -> None:
    assert _set(BoostingClassifier(**{name: ["a", "b"]})) == {"featuresCols": ["a", "b"]}


def test_second_names_of_xgboost_are_accepted() -> None:
    more = {"lambda": 2, "alpha": 0.5, "min_split_loss": 0.1}
    found = BoostingRegressor(n_estimators=7, learning_rate=0.2, random_state=3, **more)
    assert _set(found) == {
        "rounds": 7,
        "eta": 0.2,
        "seed": 3,
        "reg_lambda": 2.0,
        "reg_alpha": 0.5,
        "gamma": 0.1,
    }
    assert BoostingRegressor(num_boost_round=4).value("rounds") == 4


@pytest.mark.parametrize(
    ("given", "device"),
    [
        ({"use_gpu": True}, "gpu"),
        ({"use_gpu": False}, "cpu"),
        ({"device": "cuda"}, "gpu"),
        ({"device": "cuda:0"}, "gpu"),
        ({"device": "cpu"}, "cpu"),
    ],
)
def test_a_device_is_said_in_any_way(given: dict[str, Any], device: str) -> None:
    assert BoostingClassifier(**given).value("device") == device


def test_a_dictionary_holds_more_params() -> None:
    found = BoostingClassifier(eta=0.5, arbitrary_params_dict={"max_bin": 17, "lambda": 3})
    assert _set(found) == {"eta": 0.5, "max_bin": 17, "reg_lambda": 3.0}
    with pytest.raises(UserError, match=r"unknown param max_bim; did you mean max_bin\?"):
        BoostingClassifier(arbitrary_params_dict={"max_bim": 17})


@pytest.mark.parametrize(
    "given",
    [
        {"eta": 0.1, "learning_rate": 0.2},
        {"n_estimators": 3, "rounds": 3},
        {"use_gpu": True, "device": "cpu"},
        {"features_col": ["a"], "features_cols": ["b"]},
        {"max_depth": 4, "arbitrary_params_dict": {"max_depth": 3}},
    ],
)
def test_a_param_that_is_given_twice_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"^BoostingClassifier: \w+ is given twice, once as \w+$"):
        BoostingClassifier(**given)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("n_jobs", r"a worker has the cores of its executor \(numWorkers, device\)"),
        ("nthread", "a worker has the cores of its executor"),
        ("num_class", "the label's own classes are counted"),
        ("enable_categorical", "string columns are categories; feature_types names those"),
        ("callbacks", "early_stopping_rounds, eta_schedule and checkpoint_rounds"),
        ("force_repartition", "rows are always placed by their identity"),
        ("enable_sparse_data_optim", "sparse vectors stay sparse"),
        ("coll_cfg", "the gang starts its own rendezvous"),
        ("updater", "trees are grown, by hist"),
    ],
)
def test_what_is_not_the_users_to_set_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=rf"leave out {name}: {reason}"):
        BoostingClassifier(**{name: 1})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("max_dept", "max_depth"), ("n_estimator", "n_estimators"), ("rouns", "rounds")],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UserError, match=rf"unknown param {name}; did you mean {nearest}\?"):
        BoostingClassifier(**{name: 1})


def test_nan_as_the_missing_value_is_what_holds_anyway() -> None:
    assert _set(BoostingClassifier(missing=float("nan"))) == {}
    assert BoostingClassifier(missing=0.0).value("missing") == 0.0


def test_none_leaves_a_param_as_it_is() -> None:
    assert _set(BoostingClassifier(n_estimators=None, weight_col=None)) == {}
