"""The nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.known_keys import unknown_key, with_empty_sections
from tests.config.samples import Job, problems, written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sead: 2", "sead: unknown key; did you mean seed?"),
        ("boosting: {dept: 2}", "boosting.dept: unknown key; did you mean depth?"),
        ("second: {raet: 2}", "second.raet: unknown key; did you mean rate?"),
        ("train: 0.5", "train: unknown key; did you mean split.train?"),
        ("trian: 0.5", "trian: unknown key; did you mean split.train?"),
        ("depth: 3", "depth: unknown key; did you mean boosting.depth or second.depth?"),
        ("split: {device: gpu}", "split.device: unknown key; did you mean device (at the top)?"),
        ("boosting.depth: 3", "boosting.depth: unknown key; write `boosting:` and, below it, `de"),
        (
            "spark.executor.memory: 2g",
            "spark.executor.memory: unknown key; write `spark:` and, below it, "
            "`spark.executor.memory:`",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(
    tmp_path: Path, text: str, problem: str
) -> None:
    (found,) = problems(written(tmp_path, f"name: x\n{text}\n"))
    assert found.startswith(f"job.yaml:2: {problem}")


def test_an_unknown_key_that_is_near_to_none_lists_the_known_ones() -> None:
    assert unknown_key(Job, ("boosting", "zzz")) == (
        "unknown key; known: columns, decay, depth, rate"
    )


def test_empty_containers_are_made_where_the_schema_has_them() -> None:
    data = {"name": None, "boosting": None, "second": {"columns": None}, "spark": None}
    assert with_empty_sections(Job, data) == {
        "name": None,
        "boosting": {},
        "second": {"columns": None},
        "spark": {},
    }
    assert data["boosting"] is None
