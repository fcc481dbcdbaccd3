"""A directory in the place that a user named: whole, or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ConflictError, StoreError, UserError
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


WHOLE = ("part-0", "part-1", MARK, "_SUCCESS")


def write(uri: str, names: tuple[str, ...], text: str) -> None:
    for name in names:
        files.write_bytes(files.join(uri, name), text.encode())


def content_of(uri: str) -> dict[str, str]:
    return {name: files.read_bytes(files.join(uri, name)).decode() for name in files.names(uri)}


def leave_work(place: str, name: str = "scores", facts: dict[str, str] | None = None) -> str:
    """The work directory of a writer that was killed."""
    work = files.join(place, f"_{name}.0123abcd.part")
    gone = {**owner(), "pid": 2**22 - 1, "name": name, **(facts or {})}
    files.write_bytes(files.join(work, "owner.json"), json.dumps(gone).encode())
    return work


def breaking(call: int, copied: tuple[str, ...], error: BaseException) -> Callable[..., None]:
    """`move_directory` that breaks off in its n-th call, when some files have been copied."""
    calls = []
    move = files.move_directory

    def moves(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) != call:
            move(source, target)
            return
        for name in copied:
            data = files.read_bytes(files.join(source, name))
            files.write_bytes(files.join(target, name), data)
        raise error

    return moves


@pytest.mark.parametrize("error", [StoreError("the node is gone"), KeyboardInterrupt()])
@pytest.mark.parametrize("copied", [(), ("part-0",), ("part-0", MARK)])
@pytest.mark.parametrize("call", [1, 2])
def test_a_move_that_breaks_off_leaves_the_old_directory(
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    copied: tuple[str, ...],
    call: int,
) -> None:
    uri = files.join(place, "scores")
    put(uri, "old")
    before = content_of(uri)
    monkeypatch.setattr(files, "move_directory", breaking(call, copied, error))
    with pytest.raises(type(error)):
        put(uri, "new")
    assert content_of(uri) == before
    assert files.children(place) == ["scores"]


def test_a_first_move_that_breaks_off_leaves_nothing(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = breaking(1, ("part-0", MARK), StoreError("the node is gone"))
    monkeypatch.setattr(files, "move_directory", broken)
    with pytest.raises(StoreError, match="the node is gone"):
        put(files.join(place, "scores"), "new")
    assert files.names(place) == []


def test_what_cannot_be_put_back_is_kept(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = files.join(place, "scores")
    put(uri, "old")
    before = content_of(uri)

    def fails(_source: str, _target: str) -> None:
        raise StoreError("the node is gone")

    moves = iter([files.move_directory])
    monkeypatch.setattr(files, "move_directory", lambda *both: next(moves, fails)(*both))
    with pytest.raises(StoreError, match="the node is gone"):
        put(uri, "new")
    (work,) = files.children(place)
    assert content_of(files.join(place, work, "old")) == before


@pytest.mark.parametrize(
    ("there", "is_old"),
    [
        ((), True),
        (("part-0",), True),
        (("part-0", "part-1"), True),
        (("part-0", "part-1", MARK), True),
        (WHOLE, False),
    ],
)
def test_a_copy_that_a_kill_broke_off_is_replaced_by_the_old_directory(
    place: str, there: tuple[str, ...], is_old: bool
) -> None:
    uri = files.join(place, "scores")
    work = leave_work(place)
    write(files.join(work, "old"), WHOLE, "old")
    write(files.join(work, "content"), WHOLE, "new")
    write(uri, there, "new")
    with PlainDirectory(uri, "overwrite"):
        assert content_of(uri) == dict.fromkeys(WHOLE, "old" if is_old else "new")
        assert not files.exists(work)


def test_a_copy_of_the_old_directory_that_a_kill_broke_off_is_dropped(place: str) -> None:
    uri = files.join(place, "scores")
    work = leave_work(place)
    write(uri, WHOLE, "old")
    write(files.join(work, "old"), WHOLE[:3], "old")
    write(files.join(work, "content"), WHOLE, "new")
    with PlainDirectory(uri, "overwrite"):
        assert content_of(uri) == dict.fromkeys(WHOLE, "old")
        assert not files.exists(work)


@pytest.mark.parametrize("name", ["scores", "scores-v2"])
def test_the_first_output_that_a_kill_broke_off_is_nothing(place: str, name: str) -> None:
    work = leave_work(place, facts={"name": name})
    write(work, ("moving",), "")
    write(files.join(work, "content"), WHOLE, "new")
    write(files.join(place, name), WHOLE[:2], "new")
    with PlainDirectory(files.join(place, "scores"), "overwrite"):
        assert files.names(files.join(place, name)) == []
        assert not files.exists(work)


def test_files_that_somebody_put_there_meanwhile_are_not_touched(place: str) -> None:
    uri = files.join(place, "scores")
    work = leave_work(place)
    write(work, ("moving",), "")
    write(files.join(work, "old"), WHOLE, "old")
    write(files.join(work, "content"), WHOLE, "new")
    write(uri, ("thesis.txt",), "years")
    with pytest.raises(UserError, match="was not written by this job"):
        put(uri, "x")
    assert content_of(uri) == {"thesis.txt": "years"}


@pytest.mark.parametrize("name", ["my scores", "50%", "größe"])
def test_a_name_with_odd_characters_is_a_name(place: str, name: str) -> None:
    uri = files.join(place, name)
    work = leave_work(place, name=name)
    write(files.join(work, "old"), WHOLE, "old")
    with PlainDirectory(uri, "overwrite") as directory:
        assert content_of(uri) == dict.fromkeys(WHOLE, "old")
        assert not files.exists(work)
        write(directory.content, WHOLE, "new")
        (begun,) = (child for child in files.children(place) if child != name)
        assert begun.startswith(f"_{name}.")
        directory.put({})
    put(uri, "x", "version")
    assert files.children(place) == [name, f"{name}-v2"]
