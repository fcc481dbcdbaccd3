"""The `boosting` section of a job's YAML."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.boosting import BoostingClassifier
from pipeline.boosting.settings import BoostingSettings


def test_every_key_is_a_param_of_the_classifier() -> None:
    params = {param.name for param in BoostingClassifier().params}
    assert set(BoostingSettings.model_fields) <= params


def test_keys_that_are_set_become_params() -> None:
    settings = BoostingSettings.model_validate(
        {
            "rounds": 7,
            "eval_metric": ["auc", "logloss"],
            "early_stopping_metric": "auc",
            "eta_schedule": {"kind": "step", "every": 2, "factor": 0.5},
            "monotone_constraints": {"distance": 1},
            "class_weight": {"late": 2.0},
        }
    )
    estimator = BoostingClassifier(**settings.given())
    assert estimator.value("rounds") == 7
    assert estimator.value("eval_metric") == ["auc", "logloss"]
    assert estimator.value("early_stopping_rounds") == 20
    assert estimator.value("monotone_constraints") == {"distance": 1}
    assert estimator.value("class_weight") == {"late": 2.0}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"objective": "reg:gamma"}, "reg:gamma is for regression, not for classification"),
        ({"max_depth": 0}, "so max_leaves must"),
        ({"eta_schedule": [2.0, "fast"]}, "eta_schedule"),
        ({"early_stopping_metric": "auc"}, "is not among eval_metric"),
    ],
)
def test_what_the_estimator_would_refuse_is_refused_when_the_config_is_read(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        BoostingSettings.model_validate(given)
