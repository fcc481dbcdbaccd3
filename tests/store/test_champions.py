"""Champions: copies of models that stay, and a history that is never rewritten."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ConflictError, ModelError, UserError
from pipeline.store import champions, model_directory
from pipeline.store.champions import Champion, champions_uri, enthrone, find, history

RECORD = {"kind": "promotion", "trainer": "boosting", "when": "2026-11-01T00:00:00+00:00"}


def model(place: str, content: str) -> str:
    """A model, by its version."""
    uri = files.join(place, "models", content)
    natives = {"model.ubj": content.encode(), "parts/a": b"x"}
    model_directory.publish(uri, natives, {"kind": "boosting", "uid": content})
    return f"{uri}@1"


def crown(place: str, content: str, seen: int) -> Champion:
    return enthrone(champions_uri(place, "churn"), model(place, content), RECORD, seen=seen)


def test_the_newest_is_the_champion_and_all_before_it_stay(place: str) -> None:
    uri = champions_uri(place, "churn")
    assert find(uri) is None
    assert history(uri) == []
    crown(place, "a", 0)
    crown(place, "b", 1)
    found = find(uri)
    assert found is not None
    assert (found.number, found.trainer, found.origin) == (2, "boosting", 2)
    assert [entry.number for entry in history(uri)] == [1, 2]
    assert model_directory.read(f"{uri}@1")[1]["model.ubj"] == b"a"
    assert model_directory.read(found.model_uri)[1] == {"model.ubj": b"b", "parts/a": b"x"}


def test_a_copy_is_the_same_model_and_keeps_what_its_manifest_said(tmp_path: Path) -> None:
    source = model(str(tmp_path), "a")
    found = enthrone(str(tmp_path / "c"), source, RECORD, seen=0)
    assert found.digest == model_directory.digest(model_directory.read_metadata(source))
    assert (found.manifest["kind"], found.manifest["uid"]) == ("boosting", "a")
    again = enthrone(str(tmp_path / "c"), found.model_uri, {**RECORD, "to": 1}, seen=1)
    assert (again.digest, again.number, again.origin) == (found.digest, 2, 1)


def test_of_writers_that_saw_the_same_champion_one_wins(place: str) -> None:
    crown(place, "first", 0)
    sources = [model(place, name) for name in "abcd"]
    uri = champions_uri(place, "churn")

    def attempt(source: str) -> str:
        try:
            enthrone(uri, source, RECORD, seen=1)
        except ConflictError:
            return "told"
        return "won"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, sources))
    assert outcomes == ["told", "told", "told", "won"]
    winner = history(uri)[-1]
    assert winner.number == 2
    assert len(model_directory.read(winner.model_uri)[1]) == 2


def test_a_model_that_is_gone_leaves_the_champion_as_it_is(tmp_path: Path) -> None:
    crown(str(tmp_path), "a", 0)
    uri = champions_uri(str(tmp_path), "churn")
    with pytest.raises(ModelError, match="no model there"):
        enthrone(uri, str(tmp_path / "none"), RECORD, seen=1)
    source = model(str(tmp_path), "b")
    (content,) = (tmp_path / "models" / "b").glob("v000001-*")
    (content / "model.ubj").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="checksum"):
        enthrone(uri, source, RECORD, seen=1)
    assert [entry.number for entry in history(uri)] == [1]
    assert len(list((tmp_path / "churn").iterdir())) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "is not JSON"),
        ({"promotion": None}, "version 1 has no record of a promotion"),
        ({"promotion": {"format": 1, "kind": "promotion"}}, "has no record of a promotion"),
        ({"promotion": {**RECORD, "format": 9}}, "recorded in format 9, this version reads"),
        ({"files": []}, "its files are not given by name"),
    ],
)
def test_a_damaged_record_is_named_with_what_to_do(
    tmp_path: Path, change: dict[str, object] | None, message: str
) -> None:
    crown(str(tmp_path), "a", 0)
    path = tmp_path / "churn" / "v000001.json"
    path.write_text("{" if change is None else json.dumps(json.loads(path.read_text()) | change))
    for look in (find, history):
        with pytest.raises(UserError, match=rf"{message}.*sound copy of that manifest"):
            look(champions_uri(str(tmp_path), "churn"))


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "a@2"])
def test_a_name_is_one_directory(name: str) -> None:
    assert not champions.is_name(name)
    with pytest.raises(UserError, match=r"promotion\.name names it otherwise"):
        champions_uri("s3://bucket/champions", name)
