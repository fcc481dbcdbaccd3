"""What a schema refuses."""

from __future__ import annotations

import pytest

from pipeline.config import validate
from pipeline.errors import ConfigError
from tests.config.samples import Boosting, Job


def test_a_mapping_can_be_validated_without_a_file() -> None:
    assert validate(Job, {"name": "x"}, "job.yaml") == Job(name="x")
    with pytest.raises(ConfigError, match=r"^job\.yaml: name: missing"):
        validate(Job, {}, "job.yaml")


def test_parts_may_be_validated_already() -> None:
    assert validate(Job, {"name": "x", "boosting": Boosting(depth=2)}, "x").boosting.depth == 2


def test_an_unknown_key_does_not_hide_what_the_sections_own_rule_says() -> None:
    data = {"name": "x", "split": {"train": 0.1, "x": 1}, "y": 1}
    with pytest.raises(ConfigError) as caught:
        validate(Job, data, "job.yaml")
    assert len(caught.value.problems) == 3
    assert "job.yaml: split: train and test must sum to 1" in caught.value.problems
    assert data == {"name": "x", "split": {"train": 0.1, "x": 1}, "y": 1}


def test_a_value_in_a_list_is_named_by_its_position() -> None:
    with pytest.raises(ConfigError, match=r"boosting\.columns\[1\]: expected text \(got 2\)"):
        validate(Job, {"name": "x", "boosting": {"columns": ["a", 2]}}, "job.yaml")
