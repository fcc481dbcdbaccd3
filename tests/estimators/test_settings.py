"""Config sections and params are the same thing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.bagging import BaggingClassifier
from pipeline.bagging.settings import BaggingSettings
from pipeline.boosting import BoostingClassifier
from pipeline.boosting.settings import BoostingSettings
from pipeline.deep import DeepClassifier
from pipeline.deep.settings import DeepSettings
from pipeline.estimators.params import GangParams, TableParams
from pipeline.estimators.settings import GangSettings

pytestmark = pytest.mark.usefixtures("spark")

# Params of regression and ranking, columns of scoring, rows that jobs split; what has one value.
DEEP_IN_CODE_ONLY = {"outputLayer", "layerCol", "validation_fraction"}
IN_CODE_ONLY = {
    *("quantile_alpha", "tweedie_variance_power", "huber_slope"),
    *("aft_loss_distribution", "aft_loss_distribution_scale", "ndcg_exp_gain"),
    *("lambdarank_pair_method", "lambdarank_num_pair_per_sample", "lambdarank_normalization"),
    *("lambdarank_score_normalization", "lambdarank_unbiased", "lambdarank_bias_norm"),
    *("baseMarginCol", "leafCol", "contribCol", "validation_fraction"),
    *("tree_method", "sampling_method", "extmem_single_page"),
}
PAIRS = [
    (BaggingSettings, BaggingClassifier),
    (BoostingSettings, BoostingClassifier),
    (DeepSettings, DeepClassifier),
]


@pytest.mark.parametrize(("settings", "estimator"), PAIRS)
def test_every_key_is_a_param_and_every_param_is_a_key(settings: Any, estimator: Any) -> None:
    common = {p.name for kind in (TableParams, GangParams) for p in kind().params}
    common.add("checkpoint_dir")  # below the job's output
    own = {param.name for param in estimator().params} - common
    by_settings = {BoostingSettings: IN_CODE_ONLY, DeepSettings: DEEP_IN_CODE_ONLY}
    in_code_only = by_settings.get(settings, set())
    assert in_code_only <= own
    assert set(settings.model_fields) == own - in_code_only


@pytest.mark.parametrize(("settings", "estimator"), PAIRS)
def test_keys_that_are_not_set_are_left_to_the_estimator(settings: Any, estimator: Any) -> None:
    given = settings().given()
    assert set(given) <= {"early_stopping_rounds"}
    estimator(**given).require_valid()


def test_jobs_stop_early_though_a_plain_estimator_does_not() -> None:
    assert BoostingSettings().given() == {"early_stopping_rounds": 20}
    assert BoostingClassifier().value("early_stopping_rounds") == 0


@pytest.mark.parametrize(
    ("settings", "values", "words"),
    [
        (BaggingSettings, {"replicas": 0}, "replicas must be from 1 to 100000, not 0"),
        (BoostingSettings, {"eta": 2}, "eta must be above 0 and at most 1, not 2.0"),
        (DeepSettings, {"hidden": [0]}, "hidden must be positive numbers"),
    ],
)
def test_the_config_refuses_what_the_estimator_would(
    settings: Any, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**values)


def test_gang_settings_are_params_of_gangs() -> None:
    params = GangSettings(workers=3, attempts=1, wait=5, stall=6, queue=7).params()
    made = GangParams()
    assert set(params) == {param.name for param in made.params}
    assert made._set(**params).extractParamMap() == {
        made.getParam(name): value for name, value in params.items()
    }
    assert GangSettings().params() == {name: BoostingClassifier().value(name) for name in params}
