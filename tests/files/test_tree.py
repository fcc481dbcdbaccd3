from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import AccessError, StoreError
from pipeline.files import tree


def everything(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_names_are_all_files_and_children_the_first_level(tmp_path: Path) -> None:
    for name in ("b/two", "b/c/three", "one"):
        files.write_bytes(str(tmp_path / name), b"")
    assert files.names(str(tmp_path)) == ["b/c/three", "b/two", "one"]
    assert files.children(str(tmp_path)) == ["b", "one"]


def test_what_is_missing_has_no_names_and_is_deleted_already(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert not files.exists(missing)
    assert files.names(missing) == files.children(missing) == []
    files.delete(missing)


def test_listing_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be listed"):
        files.names(str(tmp_path / "x"))
    with pytest.raises(StoreError, match="cannot be listed"):
        files.children(str(tmp_path / "x"))


def test_delete_takes_files_and_whole_directories(tmp_path: Path) -> None:
    for name in ("kept", "gone/deep/x", "file"):
        files.write_bytes(str(tmp_path / name), b"")
    files.delete(str(tmp_path / "gone"))
    files.delete(files.absolute(str(tmp_path / "file")))
    assert everything(tmp_path) == ["kept"]
    assert files.exists(str(tmp_path))


def test_a_directory_moves_to_where_nothing_is(place: str) -> None:
    for name in ("a", "b/c", "_SUCCESS"):
        files.write_bytes(files.join(place, "from", name), name.encode())
    files.move_directory(files.join(place, "from"), files.join(place, "deep", "to"))
    assert files.names(files.join(place, "deep", "to")) == ["_SUCCESS", "a", "b/c"]
    assert files.read_bytes(files.join(place, "deep", "to", "b", "c")) == b"b/c"
    assert files.names(files.join(place, "from")) == []


def test_a_directory_does_not_move_into_one_that_is_there(place: str) -> None:
    for name in ("from/a", "to/b"):
        files.write_bytes(files.join(place, name), b"")
    with pytest.raises(StoreError, match=r"/from: cannot be moved to .*/to: something is"):
        files.move_directory(files.join(place, "from"), files.join(place, "to"))
    assert files.names(place) == ["from/a", "to/b"]


def test_an_empty_directory_is_in_the_way_of_a_move(tmp_path: Path) -> None:
    """HDFS would move into it."""
    files.write_bytes(str(tmp_path / "from" / "a"), b"")
    (tmp_path / "to").mkdir()
    with pytest.raises(StoreError, match="something is there already; move it away, or choose"):
        files.move_directory(str(tmp_path / "from"), str(tmp_path / "to"))
    assert everything(tmp_path) == ["from", "from/a", "to"]


def test_where_a_move_is_a_copy_a_directory_with_its_mark_is_whole() -> None:
    """Data, marks, `_SUCCESS`; and the source loses them the other way round."""
    calls = []

    class Store:
        def copy_file(self, source: str, target: str) -> None:
            calls.append(f"copy {source} {target}")

        def delete_file(self, path: str) -> None:
            calls.append(f"delete {path}")

        def delete_dir(self, path: str) -> None:
            calls.append(f"delete all {path}")

    found = ["Z", "_SUCCESS", "_a", "_x=1/data", "z"]
    tree._move_by_copies(Store(), "old", "new", found)
    copied = ["Z", "_x=1/data", "z", "_a", "_SUCCESS"]
    assert calls[:5] == [f"copy old/{name} new/{name}" for name in copied]
    assert calls[5:] == ["delete old/_SUCCESS", "delete old/_a", "delete all old"]


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("_x=1/part-0", True),
        ("_x=1/_y=2/part-0", True),
        ("_x=1/_SUCCESS", False),
        ("_x/part-0", False),
        (".x=1/part-0", False),
        ("part-0._COPYING_", False),
    ],
)
def test_stamps_tell_what_spark_reads(tmp_path: Path, name: str, is_read: bool) -> None:
    files.write_bytes(str(tmp_path / name), b"12")
    assert [stamp[0] for stamp in files.stamps(str(tmp_path))] == ([name] if is_read else [])


def test_stamps_change_when_a_file_does(tmp_path: Path) -> None:
    for name in ("b", "a/c", "_SUCCESS", ".hidden", "_temporary/x"):
        files.write_bytes(str(tmp_path / name), b"12")
    found = files.stamps(str(tmp_path))
    assert [stamp[:2] for stamp in found] == [["a/c", 2], ["b", 2]]
    assert files.stamps(str(tmp_path)) == found
    files.write_bytes(str(tmp_path / "b"), b"34")
    assert files.stamps(str(tmp_path)) != found
    assert files.stamps(str(tmp_path / "b"))[0][:2] == ["b", 2]
    assert files.stamps(str(tmp_path / "none")) == []


def test_a_place_that_can_be_written_is_left_as_it_was(place: str) -> None:
    files.require_writable(files.join(place, "new"), "output")
    assert files.names(place) == []


def test_a_place_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AccessError, match=r"^output: .*/file/out: cannot be written: "):
        files.require_writable(str(tmp_path / "file" / "out"), "output")
    with pytest.raises(AccessError, match=r"^output: /proc/out: cannot be written: "):
        files.require_writable("/proc/out", "output")


def test_a_bucket_that_is_not_there_is_said_to_be_missing(s3: str) -> None:
    with pytest.raises(AccessError, match="there is no such bucket; make it, or correct the URI"):
        files.require_writable("s3://no-such-bucket/out", "output")
