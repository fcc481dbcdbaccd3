"""Versions of an output: whole or not there, whatever dies when, and one winner of many writers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ConflictError, ModelError, StoreError, UserError
from pipeline.store.versions import Draft, IfExists, newest, numbers, version

CONTENT = {"a": b"1" * 1000, "deep/b": b"2"}


def publish(uri: str, mark: str, if_exists: IfExists = "overwrite") -> None:
    with Draft(uri, if_exists) as draft:
        write(draft, mark)
        draft.publish({"mark": mark})


def write(draft: Draft, mark: str) -> None:
    for name, data in CONTENT.items():
        files.write_bytes(files.join(draft.content, name), mark.encode() + data)


def require_whole(uri: str) -> str:
    """The mark of the newest version, all of whose content is its own."""
    found = newest(uri)
    assert found is not None
    mark = str(found.manifest["mark"])
    for name, data in CONTENT.items():
        assert files.read_bytes(files.join(found.content, name)) == mark.encode() + data
    return mark


def directories(uri: str) -> list[str]:
    return [name for name in files.children(uri) if "-" in name]


def test_nothing_is_there_before_the_manifest_is(place: str) -> None:
    with Draft(place, "overwrite") as draft:
        write(draft, "x")
        assert newest(place) is None
        draft.publish({"mark": "x"})
        assert require_whole(place) == "x"
    assert numbers(place) == [1]


def test_overwriting_leaves_the_new_version_alone(place: str) -> None:
    publish(place, "x")
    publish(place, "y")
    assert require_whole(place) == "y"
    assert numbers(place) == [2]
    assert len(directories(place)) == 1


def test_versions_lie_side_by_side(place: str) -> None:
    for mark in "xyz":
        publish(place, mark, "version")
    assert numbers(place) == [1, 2, 3]
    assert require_whole(place) == "z"
    first = version(place, 1)
    assert first is not None
    assert files.read_bytes(files.join(first.content, "deep/b")) == b"x2"
    assert version(place, 9) is None


def test_refuse_ends_before_anything_is_written(place: str) -> None:
    publish(place, "x", "refuse")
    with pytest.raises(UserError, match=r"is there already \(version 1\), and if_exists is refuse"):
        publish(place, "y", "refuse")
    assert require_whole(place) == "x"


def test_a_failure_leaves_the_old_version_and_nothing_else(place: str) -> None:
    publish(place, "x")

    def fails() -> None:
        with Draft(place, "overwrite") as draft:
            write(draft, "y")
            raise ValueError("the work failed")

    with pytest.raises(ValueError, match="the work failed"):
        fails()
    assert require_whole(place) == "x"
    assert len(directories(place)) == 1


@pytest.mark.parametrize("if_exists", ["overwrite", "version"])
def test_of_two_writers_one_wins_and_the_other_is_told(place: str, if_exists: IfExists) -> None:
    publish(place, "old")
    with Draft(place, if_exists) as slow:
        write(slow, "slow")
        publish(place, "fast", if_exists)
        with pytest.raises(ConflictError, match="another writer published version 2 while this"):
            slow.publish({"mark": "slow"})
    assert require_whole(place) == "fast"
    assert len(directories(place)) == (2 if if_exists == "version" else 1)


def test_a_writer_that_is_swept_while_it_works_is_told_why(place: str) -> None:
    def is_overtaken() -> None:
        with Draft(place, "overwrite") as slow:
            write(slow, "slow")
            publish(place, "fast")
            files.read_bytes(files.join(slow.content, "a"))  # what the work would run into

    with pytest.raises(ConflictError, match="that one stands, this one was discarded"):
        is_overtaken()
    assert require_whole(place) == "fast"


def test_a_number_that_came_and_went_is_not_taken(place: str) -> None:
    with Draft(place, "overwrite") as slow:
        write(slow, "slow")
        publish(place, "first")
        publish(place, "second")
        with pytest.raises(ConflictError):
            slow.publish({"mark": "slow"})
    assert require_whole(place) == "second"
    assert numbers(place) == [2]


def test_many_writers_at_once_leave_one_whole_version(place: str) -> None:
    def attempt(number: int) -> str | None:
        try:
            publish(place, str(number))
        except ConflictError:
            return None
        return str(number)

    with ThreadPoolExecutor(6) as pool:
        won = [mark for mark in pool.map(attempt, range(6)) if mark is not None]
    assert require_whole(place) in won
    assert len(directories(place)) == 1


def test_what_is_not_ours_is_not_touched(place: str) -> None:
    files.write_bytes(files.join(place, "thesis.txt"), b"years")
    with pytest.raises(UserError, match=r"holds what is not ours \(thesis.txt\); not touched"):
        publish(place, "x")
    assert files.names(place) == ["thesis.txt"]


@pytest.mark.parametrize("name", ["v000001-0123abcd_$folder$", "x_$folder$", ".nfs01", ".DS_Store"])
def test_what_a_filesystem_leaves_behind_is_passed_over(place: str, name: str) -> None:
    files.write_bytes(files.join(place, name), b"")
    publish(place, "x")
    publish(place, "y", "version")
    assert require_whole(place) == "y"
    assert name in files.children(place)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ("no json", "v000001.json is not JSON"),
        ("[]", "is not a manifest of emr-ensembles"),
        ("{}", "names a content that is not its own"),
        ('{"content": "../elsewhere"}', "names a content that is not its own"),
        ('{"content": "v000002-00000000"}', "names a content that is not its own"),
    ],
)
def test_a_damaged_manifest_is_an_error(tmp_path: Path, manifest: str, told: str) -> None:
    (tmp_path / "v000001.json").write_text(manifest)
    with pytest.raises(ModelError, match=told):
        newest(str(tmp_path))


_DIES = """
import os, signal, sys
from pipeline import files
uri, step, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
calls = 0

def dying(function):
    def call(*arguments):
        global calls
        calls += 1
        if calls == step and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments)
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

for name in ("write_bytes", "create_bytes", "delete"):
    setattr(files, name, dying(getattr(files, name)))
from tests.store.test_versions import publish
publish(uri, "new", "overwrite")
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("when", ["before", "after"])
def test_sigkill_at_any_step_leaves_a_whole_version(tmp_path: Path, step: int, when: str) -> None:
    """Two files, the manifest, the old manifest's end, the old content's end."""
    uri = str(tmp_path / "out")
    publish(uri, "old")
    command = [sys.executable, "-c", _DIES, uri, str(step), when]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    published = step > 3 or (step == 3 and when == "after")
    assert require_whole(uri) == ("new" if published else "old")
    publish(uri, "next")
    assert require_whole(uri) == "next"
    assert len(files.children(uri)) == 2  # what the dead left is gone


_PUBLISHES_ON = """
import sys
from tests.store.test_versions import publish
for number in range(100000):
    publish(sys.argv[1], str(number), "overwrite")
    print(number, flush=True)
"""


@pytest.mark.chaos
def test_sigkill_at_any_moment_leaves_a_whole_version(tmp_path: Path) -> None:
    uri = str(tmp_path / "out")
    for round_number in range(25):
        command = [sys.executable, "-c", _PUBLISHES_ON, uri]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(0.0007 * round_number)
            except subprocess.TimeoutExpired:
                process.kill()
        require_whole(uri)


def test_a_listing_that_misses_the_manifest_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that is read while one manifest replaces another may show neither."""
    uri = str(tmp_path / "out")
    publish(uri, "x")
    looks = iter([directories(uri)])
    children = files.children
    monkeypatch.setattr(files, "children", lambda place: next(looks, None) or children(place))
    assert require_whole(uri) == "x"


def test_a_reader_never_sees_a_part_while_versions_are_replaced(tmp_path: Path) -> None:
    uri = str(tmp_path / "out")
    publish(uri, "0")
    command = [sys.executable, "-c", _PUBLISHES_ON, uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = {_read_again(uri) for _ in range(300)}
        end = time.monotonic() + 60
        while len(seen) <= 3 and time.monotonic() < end:  # the writer may have had no time yet
            seen.add(_read_again(uri))
        process.kill()
    assert len(seen) > 3


def _read_again(uri: str) -> str:
    """As a reader does that finds its version replaced: looks for the newest again."""
    for _ in range(50):
        try:
            return require_whole(uri)
        except FileNotFoundError:
            continue
    raise StoreError("never whole")
