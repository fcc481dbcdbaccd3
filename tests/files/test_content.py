import gzip
import os
from pathlib import Path

import pytest
from pyarrow import fs

from pipeline import files
from pipeline.errors import StoreError


def everything(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A path below a file: nothing can be made there, not even by root."""
    (tmp_path / "file").write_bytes(b"in the way")
    return tmp_path / "file" / "below"


def test_bytes_come_back_as_they_were_written(tmp_path: Path) -> None:
    uri = str(tmp_path / "new" / "deeper" / "x.bin")
    files.write_bytes(uri, b"\x00\xff" * 1000)
    assert files.read_bytes(uri) == b"\x00\xff" * 1000
    files.write_bytes(uri, b"")
    assert files.read_bytes(uri) == b""
    assert everything(tmp_path) == ["new", "new/deeper", "new/deeper/x.bin"]


def test_reading_what_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_bytes(str(tmp_path / "none"))


def test_reading_a_directory_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        files.read_bytes(str(tmp_path))


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    (target / "full").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"taken: cannot be written"):
        files.write_bytes(str(target), b"x")
    assert everything(tmp_path) == ["taken", "taken/full"]


def test_a_write_that_breaks_off_leaves_the_old_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = str(tmp_path / "x")
    files.write_bytes(uri, b"old")

    def full(_self: fs.LocalFileSystem, _from: str, _to: str) -> None:
        raise OSError("No space left on device")

    class Full(fs.LocalFileSystem):
        move = full

    monkeypatch.setattr(fs, "LocalFileSystem", Full)
    with pytest.raises(StoreError, match="No space left"):
        files.write_bytes(uri, b"new")
    monkeypatch.undo()
    assert files.read_bytes(uri) == b"old"
    assert everything(tmp_path) == ["x"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_a_store_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            files.write_bytes(str(tmp_path / "x"), b"x")
        assert everything(tmp_path) == []
    finally:
        tmp_path.chmod(0o700)


def test_an_unwritable_place_is_a_store_error(tmp_path: Path, unwritable: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(StoreError, match="cannot be written"):
        files.write_bytes(str(unwritable), b"x")
    with pytest.raises(StoreError, match="cannot be written"):
        files.upload(source, str(unwritable))
    with pytest.raises(StoreError, match="cannot be brought to"):
        files.download(str(source), unwritable)
    assert everything(tmp_path) == ["file", "source"]


def test_upload_and_download_copy_whole_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    uri = files.absolute(str(tmp_path / "there" / "a b"))
    files.upload(source, uri)
    files.download(uri, tmp_path / "back" / "again")
    assert (tmp_path / "back" / "again").read_bytes() == source.read_bytes()
    assert everything(tmp_path) == ["back", "back/again", "source", "there", "there/a b"]


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be brought to"):
        files.download(str(tmp_path / "none"), tmp_path / "target")
    assert everything(tmp_path) == []


def test_a_failed_upload_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "source").write_bytes(b"x")
    with pytest.raises(StoreError, match="cannot be written"):
        files.upload(tmp_path / "source", str(tmp_path / "taken"))
    assert everything(tmp_path) == ["source", "taken"]


def test_a_part_of_a_file_is_read_alone(tmp_path: Path) -> None:
    uri = str(tmp_path / "x")
    files.write_bytes(uri, b"0123456789")
    assert files.read_range(uri, 3, 4) == b"3456"
    assert files.read_range(uri, 10, 0) == b""
    with pytest.raises(StoreError, match="damaged"):
        files.read_range(uri, 8, 4)
    with pytest.raises(StoreError, match="cannot be read"):
        files.read_range(str(tmp_path / "none"), 0, 1)


def test_what_goes_into_a_file_named_gz_is_not_packed_once_more(place: str) -> None:
    packed = gzip.compress(b"content")
    files.write_bytes(f"{place}/x.gz", packed)
    assert files.read_bytes(f"{place}/x.gz") == packed
    with files.open_stream(f"{place}/x.gz") as stream:
        assert stream.read(2) + stream.read() == packed


def test_the_end_of_a_file_is_read_alone(place: str) -> None:
    files.write_bytes(f"{place}/x", b"0123456789")
    assert files.read_tail(f"{place}/x", 4) == b"6789"
    assert files.read_tail(f"{place}/x", 99) == b"0123456789"


def test_a_file_that_is_not_there_has_no_end_and_no_stream(place: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_tail(f"{place}/none", 1)
    with pytest.raises(FileNotFoundError), files.open_stream(f"{place}/none"):
        pytest.fail("it was opened")
