"""A file becomes a config, or one error with all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.config import load, loading
from pipeline.errors import ConfigError, StoreError
from tests.config.samples import FREE, Boosting, Job, problems, written


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return written(tmp_path, "name: flights\nboosting:\n  depth: 4\n")


def test_what_the_file_leaves_out_has_its_default(job: Path) -> None:
    assert load(Job, job) == Job(name="flights", boosting=Boosting(depth=4))


def test_all_problems_of_all_kinds_are_told_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path,
        "seeds: 1\n"
        "device: ${dat}\n"
        "boosting:\n"
        "  depth: deep\n"
        "  rate: [1]\n"
        "  depth: 2.5\n"
        "second: {raet: 1}\n"
        "split: {train: 0.5, tset: 0.5}\n",
    )
    assert problems(path, "seed=-1", "fast=perhaps", "x") == [
        "job.yaml: name: missing, and it has no default",
        "job.yaml:1: seeds: unknown key; did you mean seed?",
        "job.yaml:2: device: ${dat} is unknown; known: ${date}, ${date:%Y/%m}, ${env:NAME}, "
        "${env:NAME:default}; $${ is a literal ${",
        "job.yaml:5: boosting.rate: expected a number (got [1])",
        "job.yaml:6: boosting.depth: given more than once, on lines 4 and 6; keep one",
        "job.yaml:6: boosting.depth: expected a whole number (got 2.5)",
        "job.yaml:7: second.raet: unknown key; did you mean rate?",
        "job.yaml:8: split.tset: unknown key; did you mean test?",
        "job.yaml:8: split: train and test must sum to 1",
        "--set seed=-1: seed: must be at least 0 (got -1)",
        "--set fast=perhaps: fast: expected true or false (got 'perhaps')",
        "--set x: expected dotted.key=value",
    ]


def test_a_file_may_be_at_a_uri(job: Path) -> None:
    assert load(Job, job.as_uri()) == load(Job, job)
    with pytest.raises(ConfigError) as caught:
        load(Job, job.as_uri(), ["sead=1"])
    assert caught.value.problems == ["--set sead=1: sead: unknown key; did you mean seed?"]


def test_a_file_that_the_network_keeps_back_is_no_error_of_the_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(uri: str) -> bytes:
        raise StoreError(f"{uri}: cannot be read: no route")

    monkeypatch.setattr(loading.files, "read_bytes", unreachable)
    with pytest.raises(StoreError, match=r"s3://b/job\.yaml: cannot be read: no route"):
        load(Job, "s3://b/job.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.yaml") == ["none.yaml: no such file"]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()
    (problem,) = problems(directory)
    assert problem.startswith("directory: cannot be read: ")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    assert problems(path) == ["job.yaml: cannot be read: not UTF-8 text (byte 7)"]


def test_a_mark_that_an_editor_puts_first_is_no_part_of_a_key(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert load(Job, path).name == "x"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "7"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert problems(path) == ["job.yaml: expected a mapping of keys to values at the top"]


def test_a_loaded_config_does_not_change(job: Path) -> None:
    found = load(Job, job)
    with pytest.raises(ValidationError, match="frozen"):
        found.seed = 2


def test_overrides_win_over_the_file_and_later_ones_over_earlier_ones(job: Path) -> None:
    before = job.read_bytes()
    found = load(Job, job, ["boosting.depth=5", "seed=7", "boosting.depth=8", "second.rate=0.1"])
    assert found == Job(
        name="flights", seed=7, boosting=Boosting(depth=8), second=Boosting(rate=0.1)
    )
    assert job.read_bytes() == before


def test_a_section_with_nothing_below_its_key_is_an_empty_one(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nboosting:\n  # depth: 4\nsecond:\nspark:\n")
    assert load(Job, path, free=FREE) == Job(name="x")
