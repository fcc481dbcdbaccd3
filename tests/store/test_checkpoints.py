"""Checkpoints: what is read is what was written, and never another fit's."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StoreError, UserError
from pipeline.store.checkpoints import (
    FACTS,
    Checkpoint,
    Checkpoints,
    differences,
    prepare,
    read,
    require_matching,
)

BOOSTER = bytes(range(256)) * 40
FIT: dict[str, Any] = {"params": {"eta": 0.1, "max_depth": 6}, "data": "abc", "etas": (0.1, 0.2)}


def _checkpoint(rounds: int) -> Checkpoint:
    return Checkpoint(
        rounds, {"booster.ubj": BOOSTER + bytes([rounds])}, {"history": [{"train.rmse": 1 / 3}]}
    )


def _kept(uri: str) -> list[str]:
    return sorted(path.name for path in Path(uri.removeprefix("file://")).glob("*.zip"))


def test_what_is_read_is_what_was_written(place: str) -> None:
    checkpoints = Checkpoints(f"{place}/kept")
    assert checkpoints.newest() is None
    checkpoints.save(_checkpoint(20))
    found = checkpoints.newest()
    assert found is not None
    assert (found.steps, found.files["booster.ubj"]) == (20, BOOSTER + bytes([20]))
    assert found.state["history"] == [{"train.rmse": 1 / 3}]


def test_a_checkpoint_that_was_read_can_be_sent_to_other_ranks(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path.as_uri())
    checkpoints.save(_checkpoint(20))
    found = read(checkpoints.place(20))
    assert pickle.loads(pickle.dumps((found,))) == (_checkpoint(20),)
    with pytest.raises(KeyError):
        found.files["state.json"]


def test_a_disk_without_room_is_no_damaged_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path.as_uri())
    checkpoints.save(_checkpoint(20))
    for name in ("SPARK_EXECUTOR_DIRS", "LOCAL_DIRS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not there"))
    with pytest.raises(UserError, match=r"round-000020\.zip cannot be brought to .*: No such file"):
        checkpoints.newest()


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path.as_uri())
    for rounds in (20, 40, 100, 120):
        checkpoints.save(_checkpoint(rounds))
    assert _kept(checkpoints.uri) == ["round-000100.zip", "round-000120.zip"]
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.steps == 120


@pytest.mark.parametrize(
    "damage", ["cut off", "a byte", "empty", "no zip", "no front", "no middle"]
)
def test_a_damaged_one_is_left_out_for_the_one_before(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path.as_uri())
    checkpoints.save(_checkpoint(20))
    checkpoints.save(_checkpoint(40))
    path = tmp_path / "round-000040.zip"
    data = bytearray(path.read_bytes())
    if damage == "a byte":
        data[data.index(BOOSTER[:64]) + 500] ^= 1
    left = {
        "cut off": data[:-200],
        "a byte": data,
        "empty": b"",
        "no front": data[500:],
        "no middle": data[:3_000] + data[3_500:],
    }
    path.write_bytes(left.get(damage, b"zip"))
    found = checkpoints.newest()
    assert found is not None
    assert found.steps == 20
    assert "round-000040.zip: the checkpoint is damaged" in caplog.text
    with pytest.raises(StoreError, match=r"round-000040\.zip: the checkpoint is damaged: "):
        read(path.as_uri())


def test_there_is_no_checkpoint_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such checkpoint"):
        read((tmp_path / "round-000020.zip").as_uri())


def test_a_fit_finds_its_own_again_and_no_others(tmp_path: Path) -> None:
    base = tmp_path.as_uri()
    first = prepare(base, "scratch", "boosting", FIT)
    first.save(_checkpoint(20))
    again = prepare(base, "other scratch", "boosting", json.loads(json.dumps(FIT)))
    assert again == first
    assert again.newest() is not None
    other = prepare(base, "scratch", "boosting", {**FIT, "data": "abd"})
    assert other.newest() is None
    assert (
        json.loads((Path(other.uri.removeprefix("file://")) / FACTS).read_text())["data"] == "abd"
    )


def test_a_fit_without_a_place_keeps_them_in_its_scratch() -> None:
    assert prepare(None, "s3://b/scratch", "boosting", FIT).uri == "s3://b/scratch/checkpoints"


def test_one_log_line_says_what_differs_where_only_others_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pipeline.store.checkpoints")
    base = tmp_path.as_uri()
    prepare(base, "scratch", "boosting", FIT)  # has none yet, so there is nothing to say
    prepare(base, "scratch", "boosting", {**FIT, "data": "x"})
    assert caplog.messages == []
    prepare(base, "scratch", "boosting", FIT).save(_checkpoint(20))
    changed = {**FIT, "params": {"eta": 0.3, "max_depth": 6, "gamma": 0.5}}
    prepare(base, "scratch", "boosting", changed)
    (line,) = caplog.messages
    assert line.startswith("training starts at round 0: the checkpoint ")
    assert line.endswith(
        " is of another fit: params.eta was 0.1, is 0.3; params.gamma was unset, is 0.5"
    )


def test_a_named_checkpoint_must_be_of_this_fit(tmp_path: Path) -> None:
    kept = prepare(tmp_path.as_uri(), "scratch", "boosting", FIT)
    for rounds in (20, 40):
        kept.save(_checkpoint(rounds))
    newest = f"{kept.uri}/round-000040.zip"
    assert require_matching(kept.uri, FIT) == newest
    assert require_matching(newest, FIT) == newest
    older = f"{kept.uri}/round-000020.zip"
    assert require_matching(older, FIT) == older
    with pytest.raises(UserError, match=r"is of another fit: data was abc, is xyz$"):
        require_matching(kept.uri, {**FIT, "data": "xyz"})
    for nowhere in (tmp_path.as_uri(), f"{kept.uri}/round-000060.zip"):
        with pytest.raises(UserError, match="is no checkpoint, nor a directory of them"):
            require_matching(nowhere, FIT)


def test_differences_are_told_in_words_and_not_too_many() -> None:
    assert differences(FIT, FIT) == ""
    many = {name: 1 for name in "abcdefg"}
    assert differences({}, many).endswith("e was unset, is 1; and 2 more")
    long = differences({"a": "x" * 100}, {"a": "y"})
    assert long == f"a was {'x' * 37}…, is y"
