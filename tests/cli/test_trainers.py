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
from pipeline.transfer import TextClassifier

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


def test_a_checkpoint_is_trained_on_text_by_the_job_of_networks() -> None:
    text = {"checkpoint": "/data/minilm", "strategy": "frozen", "head_epochs": 3}
    columns = {"label": "late", "text": ["note", "answer"]}
    given = {**CONFIG, "columns": columns, "text": text, "deep": {}}
    config = validate(JobConfig, given, "job.yaml")
    roles = Roles("late", ("a", "b"), None, "w", (), None, ("note", "answer"))
    estimator = make_estimator("deep", config, roles)
    assert type(estimator) is TextClassifier
    expected = {
        "textCol": "note",
        "pairCol": "answer",
        "checkpoint": "file:///data/minilm",
        "strategy": "frozen",
        "head_epochs": 3,
        "labelCol": "late",
        "weightCol": "w",
        "rowIdCol": "row_id",
        "validationIndicatorCol": "is_validation",
        "seed": 9,
        "scratchDir": "file:///data/scratch",
        "checkpoint_dir": "file:///data/out/checkpoints/deep",
        "numWorkers": 3,
        "gangStall": 5.0,
    }
    assert {key: estimator.value(key) for key in expected} == expected
    estimator.require_valid()
    assert type(make_estimator("boosting", config, roles)) is TRAINERS["boosting"].estimator
    alone = make_estimator("deep", config, Roles("late", (), None, None, (), None, ("note",)))
    assert (alone.value("textCol"), alone.value("pairCol")) == ("note", None)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("bagging", "leave bag out .emr-ensembles run --jobs prepare deep score report"),
        ("boosting", "leave boost out"),
        ("deep", "set text.checkpoint"),
    ],
)
def test_what_learns_from_features_refuses_a_table_of_texts(name: str, remedy: str) -> None:
    roles = Roles("late", (), None, None, (), None, ("note",))
    with pytest.raises(UserError, match=f"the table has text and no features.*{remedy}"):
        make_estimator(name, validate(JobConfig, CONFIG, "job.yaml"), roles)


def test_models_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model there"):
        load_model(str(tmp_path))
    model_directory.publish(str(tmp_path / "m"), {"x": b""}, {"kind": "magic"})
    with pytest.raises(UserError, match="a model of kind magic; this version knows bagging, boos"):
        load_model(str(tmp_path / "m"))
