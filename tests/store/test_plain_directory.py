"""A directory in the place that a user named: whole, or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ConflictError, UserError
from pipeline.store.owner import owner
from pipeline.store.plain_directory import MARK, PlainDirectory
from pipeline.store.versions import IfExists


def put(uri: str, mark: str, if_exists: IfExists = "overwrite") -> str:
    with PlainDirectory(uri, if_exists) as directory:
        files.write_bytes(files.join(directory.content, "part-0"), mark.encode())
        files.write_bytes(files.join(directory.content, "_SUCCESS"), b"")
        return directory.put({"model": "m"})


def test_the_directory_is_where_it_was_asked_for(place: str) -> None:
    uri = files.join(place, "deep", "scores")
    assert put(uri, "x") == uri
    assert files.names(place) == [f"deep/scores/{name}" for name in ("_SUCCESS", MARK, "part-0")]
    assert json.loads(files.read_bytes(files.join(uri, MARK))) == {"model": "m"}


def test_an_earlier_one_is_replaced_when_the_new_one_is_whole(place: str) -> None:
    uri = files.join(place, "scores")
    put(uri, "x")
    with PlainDirectory(uri, "overwrite") as directory:
        files.write_bytes(files.join(directory.content, "part-1"), b"y")
        assert files.read_bytes(files.join(uri, "part-0")) == b"x"
        directory.put({})
    assert files.children(uri) == [MARK, "part-1"]
    assert files.children(place) == ["scores"]


def test_versions_lie_beside_each_other(place: str) -> None:
    uri = files.join(place, "scores")
    assert [put(uri, mark, "version") for mark in "xyz"] == [uri, f"{uri}-v2", f"{uri}-v3"]
    assert files.read_bytes(files.join(uri, "part-0")) == b"x"
    assert files.read_bytes(files.join(f"{uri}-v3", "part-0")) == b"z"


def test_refuse_leaves_what_is_there(place: str) -> None:
    uri = files.join(place, "scores")
    put(uri, "x", "refuse")
    with pytest.raises(UserError, match="is there already, and if_exists is refuse; choose"):
        put(uri, "y", "refuse")
    assert files.read_bytes(files.join(uri, "part-0")) == b"x"
    assert files.children(place) == ["scores"]


def test_what_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    with pytest.raises(UserError, match=r"was not written by this job .*; not touched"):
        put(str(tmp_path / "precious"), "x")
    assert files.names(str(tmp_path)) == ["precious/file"]


def test_an_empty_directory_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    put(str(tmp_path / "new"), "x", "refuse")
    assert (tmp_path / "new" / "part-0").read_bytes() == b"x"


def test_a_failure_leaves_nothing(place: str) -> None:
    def fails() -> None:
        with PlainDirectory(files.join(place, "scores"), "overwrite") as directory:
            files.write_bytes(files.join(directory.content, "part-0"), b"half")
            raise ValueError("the work failed")

    with pytest.raises(ValueError, match="the work failed"):
        fails()
    assert files.names(place) == []


def test_of_two_writers_the_slower_is_told(place: str) -> None:
    uri = files.join(place, "scores")
    with PlainDirectory(uri, "overwrite") as slow:
        files.write_bytes(files.join(slow.content, "part-0"), b"slow")
        put(uri, "fast")
        with pytest.raises(ConflictError, match="another writer put its output there while"):
            slow.put({})
    assert files.read_bytes(files.join(uri, "part-0")) == b"fast"
    assert files.children(place) == ["scores"]


def test_what_a_killed_writer_left_is_put_right(tmp_path: Path) -> None:
    """Killed between moving the old directory away and moving the new one in."""
    work = tmp_path / "_scores.0123abcd.part"
    (work / "old").mkdir(parents=True)
    (work / "old" / MARK).write_text("{}")
    (work / "old" / "part-0").write_text("old")
    (work / "content").mkdir()
    (work / "owner.json").write_text(json.dumps({**owner(), "pid": 2**22 - 1}))
    with PlainDirectory(str(tmp_path / "scores"), "overwrite"):
        assert (tmp_path / "scores" / "part-0").read_text() == "old"
        assert not work.exists()


def test_what_a_living_writer_makes_is_left_alone(tmp_path: Path) -> None:
    uri = str(tmp_path / "scores")
    with PlainDirectory(uri, "overwrite") as one:
        files.write_bytes(files.join(one.content, "part-0"), b"one")
        with PlainDirectory(uri, "overwrite"):
            assert files.read_bytes(files.join(one.content, "part-0")) == b"one"
