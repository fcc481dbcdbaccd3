"""`--set dotted.key=value`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import apply_override
from pipeline.errors import ConfigError
from tests.config.samples import problems, written


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return written(tmp_path, "name: flights\nboosting:\n  depth: 4\n")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a.b=1", {"a": {"b": 1}}),
        ("a.b=1.5", {"a": {"b": 1.5}}),
        ("a.b=true", {"a": {"b": True}}),
        ("a.b=null", {"a": {"b": None}}),
        ("a.b=", {"a": {"b": None}}),
        ("a.b=[x, y]", {"a": {"b": ["x", "y"]}}),
        ("a.b={c: 1}", {"a": {"b": {"c": 1}}}),
        ("a.b='1'", {"a": {"b": "1"}}),
        ("a.b=c=d", {"a": {"b": "c=d"}}),
        ("a.b=s3://bucket/x", {"a": {"b": "s3://bucket/x"}}),
    ],
)
def test_an_overrides_value_is_typed_as_in_yaml(override: str, expected: dict[str, Any]) -> None:
    data: dict[str, Any] = {}
    apply_override(data, override)
    assert data == expected


def test_keys_of_spark_itself_may_hold_dots() -> None:
    data: dict[str, Any] = {"spark": None}
    apply_override(data, "spark.spark.executor.memory=2g", ["spark"])
    assert data == {"spark": {"spark.executor.memory": "2g"}}


def test_an_empty_section_can_be_overridden() -> None:
    data: dict[str, Any] = {"gang": None}
    apply_override(data, "gang.workers=2")
    assert data == {"gang": {"workers": 2}}


def test_the_plain_function_refuses_too() -> None:
    with pytest.raises(ConfigError, match=r"^--set a\.b=1: a is a value, it has no keys below it$"):
        apply_override({"a": 3}, "a.b=1")


def test_an_overrides_unknown_key_is_found_like_the_files(job: Path) -> None:
    assert problems(job, "boosting.dept=1") == [
        "--set boosting.dept=1: boosting.dept: unknown key; did you mean depth?"
    ]


def test_a_value_has_no_keys_below_it(job: Path) -> None:
    assert problems(job, "name.first=x") == [
        "--set name.first=x: name is a value, it has no keys below it"
    ]


@pytest.mark.parametrize("override", ["seed", "=3", "boosting..depth=3", ".seed=3", "seed.=3"])
def test_an_override_without_a_key_or_a_value_is_refused(job: Path, override: str) -> None:
    assert problems(job, override) == [f"--set {override}: expected dotted.key=value"]


def test_an_overrides_value_that_is_not_yaml_is_refused(job: Path) -> None:
    (problem,) = problems(job, "name=[1")
    assert problem.startswith("--set name=[1: name: not valid YAML: ")


def test_a_problem_with_the_file_is_gone_once_the_value_is_overridden(job: Path) -> None:
    job.write_text("name: x\nseed: many\nboosting: {rate: 7, depth: x}\n")
    assert problems(job, "seed=2", "boosting={depth: y}") == [
        "--set boosting={depth: y}: boosting.depth: expected a whole number (got 'y')"
    ]


@pytest.mark.parametrize(
    "override", ["spark.spark.my.secret=[xyz]", "spark={spark.my.password: [xyz]}"]
)
def test_a_secret_is_not_repeated_in_an_error(job: Path, override: str) -> None:
    (problem,) = problems(job, override)
    assert "********" in problem
    assert "xyz" not in problem
