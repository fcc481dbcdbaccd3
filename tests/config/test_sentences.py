"""Each thing that can be wrong with a value, in a sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline.config import validate
from pipeline.config.sentences import flow, shown
from pipeline.errors import ConfigError
from tests.config.samples import Job


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"name": ""}, "name: must not be empty (got '')"),
        ({"name": 7}, "name: expected text (got 7); put it in quotes"),
        ({"name": None}, "name: expected text (got null)"),
        ({"name": {"a": 1}}, "name: expected text (got {a: 1})"),
        ({"seed": "x"}, "seed: expected a whole number (got 'x')"),
        ({"seed": 1.5}, "seed: expected a whole number (got 1.5)"),
        ({"seed": [1]}, "seed: expected a whole number (got [1])"),
        ({"seed": float("nan")}, "seed: expected a whole number (got .nan)"),
        ({"seed": -1}, "seed: must be at least 0 (got -1)"),
        ({"seed": 2**31}, "seed: must be less than 2147483648 (got 2147483648)"),
        ({"device": "gpus"}, "device: expected cpu or gpu (got 'gpus'); did you mean gpu?"),
        ({"device": None}, "device: expected cpu or gpu (got null)"),
        ({"fast": "perhaps"}, "fast: expected true or false (got 'perhaps')"),
        ({"boosting": 5}, "boosting: expected keys with values below it (got 5)"),
        ({"spark": [1]}, "spark: expected keys with values below it (got [1])"),
        ({"boosting": {"rate": 0}}, "boosting.rate: must be greater than 0 (got 0)"),
        ({"boosting": {"rate": 2}}, "boosting.rate: must be at most 1 (got 2)"),
        ({"boosting": {"rate": "x"}}, "boosting.rate: expected a number (got 'x')"),
        ({"boosting": {"columns": "a"}}, "boosting.columns: expected a list, as [a, b] or an item"),
        ({"split": {"train": 0.5}}, "split: train and test must sum to 1"),
        ({"spark": {"a.b": [1]}}, "spark.a.b: expected text, true or false or a number (got [1])"),
        ({"spark": {"a.b": None}}, "spark.a.b: expected text, true or false or a number (got null"),
        ({"spark": {"a.secret": [1]}}, "spark.a.secret: expected text, true or false or a number "),
        ({1: 2}, "[1]: Keys should be strings (got 1)"),
    ],
)
def test_a_wrong_value_is_one_plain_sentence(data: dict[Any, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(Job, {"name": "x", **data}, "job.yaml")
    (found,) = caught.value.problems
    assert problem in found
    assert "Input" not in found


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match=r"\(got \*{8}\)$"):
        validate(Job, {"name": "x", "spark": {"a.secret": ["xyz"]}}, "job.yaml")


def test_a_long_value_is_shortened() -> None:
    assert shown("x" * 100) == f"'{'x' * 57} …"
    assert len(shown(list(range(100)))) == 60


@pytest.mark.parametrize("value", ["a\nb", "é", "1", 1e-5, None, ["a\n", 1], {"k": "v" * 200}])
def test_any_value_is_one_line_of_yaml(value: Any) -> None:
    assert "\n" not in flow(value)
    assert yaml.safe_load(flow(value)) == value
