"""From a config to an estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.job_config import JobConfig
from pipeline.cli.trainers import TRAINERS, load_model, make_estimator
from pipeline.config import validate
from pipeline.data.roles import Roles
from pipeline.errors import ModelError, UserError
from pipeline.store import model_directory

pytestmark = pytest.mark.usefixtures("spark")

CONFIG: dict[str, Any] = {
    "name": "small",
    "output": "/data/out",
    "source": {"kind": "flights"},
    "columns": {"label": "late"},
    "seed": 9,
    "scratch": "/data/scratch",
    "gang": {"workers": 3, "stall": 5},
    "bagging": {"replicas": 7},
    "boosting": {"rounds": 8, "early_stopping_rounds": 2},
    "deep": {"hidden": [4], "epochs": 6},
}
ROLES = Roles("late", ("a", "b"), None, "w", (), None)


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("bagging", {"replicas": 7}),
        ("boosting", {"rounds": 8, "early_stopping_rounds": 2, "numWorkers": 3, "gangStall": 5.0}),
        ("deep", {"hidden": [4], "epochs": 6, "numWorkers": 3, "gangStall": 5.0}),
    ],
)
def test_an_estimator_is_made_of_the_config(name: str, own: dict[str, Any]) -> None:
    estimator = make_estimator(name, validate(JobConfig, CONFIG, "job.yaml"), ROLES)
    assert type(estimator) is TRAINERS[name].estimator
    expected = {
        "featuresCols": ["a", "b"],
        "labelCol": "late",
        "weightCol": "w",
        "rowIdCol": "row_id",
        "validationIndicatorCol": "is_validation",
        "seed": 9,
        "scratchDir": "file:///data/scratch",
        **own,
    }
    assert {key: estimator.value(key) for key in expected} == expected
    estimator.require_valid()


def test_a_vector_instead_of_columns() -> None:
    roles = Roles("late", (), "v", None, (), None)
    estimator = make_estimator("deep", validate(JobConfig, CONFIG, "job.yaml"), roles)
    assert estimator.value("featuresCol") == "v"
    assert estimator.value("featuresCols") is None
    assert estimator.value("weightCol") is None


def test_models_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model there"):
        load_model(str(tmp_path))
    model_directory.publish(str(tmp_path / "m"), {"x": b""}, {"kind": "magic"})
    with pytest.raises(UserError, match="a model of kind magic; this version knows bagging, boos"):
        load_model(str(tmp_path / "m"))
