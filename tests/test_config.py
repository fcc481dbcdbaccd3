from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.config import Section, apply_override, load, validate
from pipeline.errors import ConfigError


class Boosting(Section):
    depth: int = 6
    rate: float = 0.3
    columns: tuple[str, ...] = ()


class Job(Section):
    name: str
    seed: int = 1
    boosting: Boosting = Boosting()
    second: Boosting | None = None


@pytest.fixture
def job(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text("name: flights\nboosting:\n  depth: 4\n", encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(Job, path, overrides)
    return caught.value.problems


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_the_file_leaves_out_has_its_default(job: Path) -> None:
    assert load(Job, job) == Job(name="flights", boosting=Boosting(depth=4))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sead: 2", "sead: unknown key; did you mean seed?"),
        ("boosting: {dept: 2}", "boosting.dept: unknown key; did you mean depth?"),
        ("second: {raet: 2}", "second.raet: unknown key; did you mean rate?"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = written(tmp_path, f"name: x\n{text}\n")
    assert problems(path) == [f"{path}: {problem}"]


def test_an_unknown_key_that_is_near_to_none_lists_the_known_ones(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nboosting: {zzz: 1}\n")
    (problem,) = problems(path)
    assert problem == f"{path}: boosting.zzz: unknown key; known: columns, depth, rate"


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "seeds: 1\nboosting:\n  depth: deep\n  rate: [1]\n")
    found = problems(path)
    assert len(found) == 4
    assert all(problem.startswith(f"{path}: ") for problem in found)
    text = "\n".join(found)
    assert "name: missing, and it has no default" in text
    assert "seeds: unknown key; did you mean seed?" in text
    assert "boosting.depth: Input should be a valid integer" in text
    assert "(got 'deep')" in text
    assert "boosting.rate: " in text


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


def test_overrides_win_over_the_file_and_later_ones_over_earlier_ones(job: Path) -> None:
    before = job.read_bytes()
    found = load(Job, job, ["boosting.depth=5", "seed=7", "boosting.depth=8", "second.rate=0.1"])
    assert found == Job(
        name="flights", seed=7, boosting=Boosting(depth=8), second=Boosting(rate=0.1)
    )
    assert job.read_bytes() == before


def test_an_overrides_unknown_key_is_found_like_the_files(job: Path) -> None:
    (problem,) = problems(job, "boosting.dept=1")
    assert problem.endswith("boosting.dept: unknown key; did you mean depth?")


def test_a_value_has_no_keys_below_it(job: Path) -> None:
    assert problems(job, "name.first=x") == [
        "--set name.first=x: name is a value, it has no keys below it"
    ]


@pytest.mark.parametrize("override", ["seed", "=3", "boosting..depth=3", ".seed=3", "seed.=3"])
def test_an_override_without_a_key_or_a_value_is_refused(job: Path, override: str) -> None:
    assert problems(job, override) == [f"--set {override}: expected dotted.key=value"]


def test_an_overrides_value_that_is_not_yaml_is_refused(job: Path) -> None:
    (problem,) = problems(job, "name=[1")
    assert problem.startswith("--set name=[1: the value is not YAML: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert problems(path) == [f"{path}: no such file"]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"{tmp_path}: cannot be read: ")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    (problem,) = problems(path)
    assert problem.startswith(f"{path}: cannot be read: ")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "7"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert problems(path) == [f"{path}: expected a mapping of keys to values at the top"]


def test_a_file_that_is_not_yaml_says_where(tmp_path: Path) -> None:
    (problem,) = problems(written(tmp_path, "name: x\nboosting: {depth: 1\n"))
    assert "not valid YAML" in problem
    assert "line 3" in problem


def test_python_objects_in_yaml_are_not_made(tmp_path: Path) -> None:
    path = written(tmp_path, "name: !!python/object/apply:os.getcwd []\n")
    (problem,) = problems(path)
    assert "not valid YAML" in problem


def test_a_loaded_config_does_not_change(job: Path) -> None:
    found = load(Job, job)
    with pytest.raises(ValidationError, match="frozen"):
        found.seed = 2


def test_a_mapping_can_be_validated_without_a_file() -> None:
    assert validate(Job, {"name": "x"}, "job.yaml") == Job(name="x")
    with pytest.raises(ConfigError, match=r"^job\.yaml: name: missing"):
        validate(Job, {}, "job.yaml")


def test_keys_of_spark_itself_may_hold_dots() -> None:
    data: dict[str, Any] = {"spark": None}
    apply_override(data, "spark.spark.executor.memory=2g", ["spark"])
    assert data == {"spark": {"spark.executor.memory": "2g"}}


def test_an_empty_section_can_be_overridden() -> None:
    data: dict[str, Any] = {"gang": None}
    apply_override(data, "gang.workers=2")
    assert data == {"gang": {"workers": 2}}
