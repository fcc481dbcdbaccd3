"""YAML with positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.config.document import parse
from tests.config.samples import Boosting, Job, problems, written


def _lines(text: str) -> dict[str, int]:
    return {".".join(map(str, path)): place.line for path, place in parse(text, "x").places.items()}


def test_every_key_and_item_has_its_line() -> None:
    assert _lines("a: 1\n\nb:\n  c: [1,\n      2]\n  'd e': >\n    text\n") == {
        "a": 1,
        "b": 3,
        "b.c": 4,
        "b.c.0": 4,
        "b.c.1": 5,
        "b.d e": 6,
    }


def test_a_missing_key_has_the_line_of_its_section() -> None:
    document = parse("a: 1\nb:\n  c: 2\n", "x.yaml")
    assert document.place(("b", "d")).text == "x.yaml:2"
    assert document.place(("d",)).text == "x.yaml"


def test_a_key_that_is_given_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nseed: 1\nboosting: {depth: 1, depth: 1}\nseed: 1\nseed: 2\n")
    assert problems(path) == [
        "job.yaml:3: boosting.depth: given more than once; keep one",
        "job.yaml:5: seed: given more than once, on lines 2, 4 and 5; keep one",
    ]


def test_anchors_and_merged_keys_work_and_have_the_line_where_they_are_written(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path,
        "name: x\nboosting: &base\n  depth: 2\n  rate: 0.5\nsecond:\n  <<: *base\n  rate: 0.25\n",
    )
    assert load(Job, path).second == Boosting(depth=2, rate=0.25)
    path.write_text(path.read_text().replace("depth: 2", "depth: x"))
    assert problems(path) == [
        "job.yaml:3: boosting.depth: expected a whole number (got 'x')",
        "job.yaml:3: second.depth: expected a whole number (got 'x')",
    ]


def test_what_is_shared_by_an_anchor_is_overridden_in_one_place_only(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nboosting: &base {depth: 2}\nsecond: *base\n")
    found = load(Job, path, ["second.depth=3"])
    assert found.boosting.depth == 2
    assert found.second == Boosting(depth=3)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: x\nboosting: {depth: 1\n", "job.yaml:3: not valid YAML: while parsing a flow"),
        ("name: x\n\tseed: 1\n", "job.yaml:2: not valid YAML: while scanning"),
        ("name: x\nseed: \x07\n", "job.yaml:2: not valid YAML: a character that YAML does not"),
        ("name: x\n---\nname: y\n", "job.yaml:2: not valid YAML: expected a single document"),
        ("name: *base\n", "job.yaml:1: not valid YAML: found undefined alias"),
        ("name: x\nspark: &a {b: *a}\n", "job.yaml:2: spark.b: an alias inside of its own anchor"),
        ("name: {a: ${date}}\n", "needs quotes within { } and [ ]"),
        ("name: !!python/object/apply:os.getcwd []\n", "job.yaml:1: name: not a value that YAML"),
        ("name: x\nseed: 2013-02-30\n", "job.yaml:2: seed: not a value that YAML allows: day is"),
        ("name: x\nseed: !!int {}\n", "job.yaml:2: seed: not a value that YAML allows"),
        ("name: x\nboosting:\n  1: 2\n", "job.yaml:3: boosting: 1 is not text; put the key in"),
        ("name: x\n? [a]\n: 1\n", "job.yaml:2: a list or mapping is not text"),
        ("name: x\nboosting:\n  <<: 1\n", "job.yaml:3: boosting: while constructing a mapping"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(written(tmp_path, text))
    assert problem in found


def test_a_value_that_is_not_yaml_does_not_hide_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nseed: 2013-02-30\nfast: 7.5\n")
    assert [problem[:16] for problem in problems(path)] == ["job.yaml:2: seed", "job.yaml:3: fast"]
