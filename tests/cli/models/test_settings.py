"""The section `promotion`."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.cli.job_config import JobConfig
from pipeline.config import validate
from pipeline.errors import ConfigError

LEAST: dict[str, Any] = {
    "name": "small",
    "output": "/data/out",
    "source": {"kind": "flights"},
    "columns": {"label": "late"},
}


def test_nothing_is_promoted_unless_a_registry_is_named() -> None:
    config = validate(JobConfig, LEAST, "job.yaml")
    assert config.promotion.registry is None
    assert (config.promotion.metric, config.promotion.margin) == ("auc", 0.0)


def test_a_registry_is_a_place_of_its_own_below_which_names_lie() -> None:
    config = validate(JobConfig, {**LEAST, "promotion": {"registry": "/data/c/"}}, "job.yaml")
    assert config.promotion.champions_uri(config.name) == "file:///data/c/small"


@pytest.mark.parametrize(
    ("name", "promotion", "problem"),
    [
        ("small", {"margin": -0.1}, "promotion.margin: must be at least 0"),
        ("small", {"margin": ".inf"}, "promotion.margin: "),
        ("small", {"metric": "f1"}, "promotion.metric: "),
        ("small", {"name": "a/b"}, "promotion.name: use letters, digits, dots"),
        ("my table", {"registry": "s3://b/c"}, "'my table' cannot name a champion"),
    ],
)
def test_what_cannot_work_is_refused_before_a_job_starts(
    name: str, promotion: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        validate(JobConfig, {**LEAST, "name": name, "promotion": promotion}, "job.yaml")
    (found,) = refused.value.problems
    assert problem in found


def test_a_config_whose_name_is_a_sentence_works_with_a_name_for_its_champion() -> None:
    promotion = {"registry": "s3://b/c", "name": "mine"}
    whole = {**LEAST, "name": "my table", "promotion": promotion}
    config = validate(JobConfig, whole, "job.yaml")
    assert config.promotion.champions_uri(config.name) == "s3://b/c/mine"
