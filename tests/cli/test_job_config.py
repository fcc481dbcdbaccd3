"""One YAML for all jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.job_config import JobConfig
from pipeline.config import load, validate
from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
LEAST: dict[str, Any] = {
    "name": "small",
    "output": "/data/out",
    "source": {"kind": "flights"},
    "columns": {"label": "late"},
}


def _problems(**more: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        validate(JobConfig, {**LEAST, **more}, "job.yaml")
    return refused.value.problems


def test_the_example_is_valid() -> None:
    config = load(JobConfig, ROOT / "conf" / "flights.yaml")
    assert config.name == "flights"
    assert len(config.columns.features or []) == 26
    assert config.bagging.replicas == 50
    assert config.spark_settings == {"spark.sql.shuffle.partitions": "8"}
    assert config.output.startswith("file:///")


def test_little_is_needed() -> None:
    config = validate(JobConfig, LEAST, "job.yaml")
    assert config.output == "file:///data/out"
    assert config.scratch is None
    assert config.model_uri("boosting") == "file:///data/out/models/boosting"
    assert (config.split.train, config.seed, config.gang.workers) == (0.7, 0, 0)
    assert config.boosting.given() == {"early_stopping_rounds": 20}
    remote = validate(JobConfig, {**LEAST, "output": "s3://b/o", "scratch": "s3://b/s"}, "job.yaml")
    assert (remote.output, remote.scratch) == ("s3://b/o", "s3://b/s")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"bosting": {}}, "job.yaml: bosting: unknown key; did you mean boosting?"),
        ({"deep": {"hiden": [1]}}, "job.yaml: deep.hiden: unknown key; did you mean hidden?"),
        (
            {"columns": {"label": "y", "feature": ["a"]}},
            "job.yaml: columns.feature: unknown key; did you mean features?",
        ),
        ({"gang": {"attempts": 0}}, "job.yaml: gang.attempts: must be at least 1 (got 0)"),
        ({"seed": 2**31}, "job.yaml: seed: must be less than 2147483648"),
        (
            {"bagging": {"replicas": 0}},
            "BaggingClassifier: replicas must be from 1 to 100000, not 0",
        ),
        ({"boosting": {"eta": 3}}, "boosting: BoostingClassifier: eta must be above 0"),
        ({"deep": {"dropout": 1}}, "deep: DeepClassifier: dropout must be at least 0"),
        ({"deep": {"epochs": "many"}}, "job.yaml: deep.epochs: expected a whole number"),
    ],
)
def test_a_wrong_key_or_value_is_named(more: dict[str, Any], problem: str) -> None:
    (found,) = _problems(**more)
    assert problem in found


TEXT = {"checkpoint": "s3://bucket/minilm", "strategy": "frozen"}
WITH_TEXT = {"columns": {"label": "late", "text": "note"}}


def test_a_text_and_a_checkpoint_go_together() -> None:
    config = validate(JobConfig, {**LEAST, **WITH_TEXT, "text": TEXT}, "job.yaml")
    assert config.text.is_used
    assert config.made_by["columns"]["text"] == "note"
    assert "text" not in validate(JobConfig, LEAST, "job.yaml").made_by["columns"]
    assert not validate(JobConfig, {**LEAST, **WITH_TEXT}, "job.yaml").text.is_used


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"text": TEXT}, "job.yaml: text.checkpoint is set, and no column of text is named: set "),
        (
            {**WITH_TEXT, "text": {"strategy": "frozen", "windows": 2}},
            "job.yaml: text: strategy, windows given, but no checkpoint: set text.checkpoint to ",
        ),
        (
            {**WITH_TEXT, "text": TEXT, "deep": {"hidden": [4], "epochs": 20}},
            "job.yaml: deep: hidden given beside text.checkpoint, and jobs/deep.py trains one ",
        ),
        ({"text": {"epochs": 0}}, "job.yaml: text: TextClassifier: epochs must be 1 or more"),
    ],
)
def test_half_a_text_is_refused(more: dict[str, Any], problem: str) -> None:
    (found,) = _problems(**more)
    assert found.startswith(problem)


def test_all_problems_are_told_at_once() -> None:
    found = _problems(name="", seed=-1, bagging={"replicas": 0}, deep={"epoch": 1})
    assert len(found) == 4


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"job.yaml: columns: missing, and it has no default"):
        validate(JobConfig, {k: v for k, v in LEAST.items() if k != "columns"}, "job.yaml")


def test_spark_settings_are_what_spark_expects() -> None:
    spark = {"spark.a": True, "spark.b": 8, "spark.c": "2g", "spark.d": 0.5, "spark.e": False}
    assert validate(JobConfig, {**LEAST, "spark": spark}, "job.yaml").spark_settings == {
        "spark.a": "true",
        "spark.b": "8",
        "spark.c": "2g",
        "spark.d": "0.5",
        "spark.e": "false",
    }


def test_the_prepared_table_depends_on_the_data_settings_only() -> None:
    one, other, another = (
        validate(JobConfig, {**LEAST, **more}, "job.yaml").made_by
        for more in ({}, {"name": "x", "deep": {"epochs": 1}}, {"seed": 1})
    )
    assert set(one) == {"source", "columns", "split", "seed"}
    assert one == other != another
