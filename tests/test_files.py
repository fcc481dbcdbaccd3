import os
from pathlib import Path

import pytest
from pyarrow import fs

from pipeline import files
from pipeline.errors import StoreError, UserError

ODD_NAMES = ["a b", "50%", "a%20b", "größe-日本", "a#b", "a?b", "a+b&c=d"]


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


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_mean_the_same_file_as_path_and_as_uri(tmp_path: Path, name: str) -> None:
    base = tmp_path / name
    files.write_bytes(str(base / name), name.encode())
    assert (base / name).read_bytes() == name.encode()

    uri = files.absolute(str(base))
    assert uri.startswith("file:///")
    assert files.local_path(uri) == base
    assert files.read_bytes(files.join(uri, name)) == name.encode()
    assert files.read_bytes(files.join(str(base), name)) == name.encode()
    assert files.children(uri) == files.names(uri) == [name]
    files.delete(files.join(uri, name))
    assert everything(base) == []


def test_both_forms_of_a_file_uri_name_the_same_path() -> None:
    for uri in ("file:/x/y", "file:///x/y", "file://localhost/x/y", "/x/y", "file:///x/y/"):
        assert files.is_local(uri)
        assert files.local_path(uri) == Path("/x/y")
    assert files.local_path("file:/x%20y") == Path("/x y")


def test_a_file_uri_of_another_host_is_refused() -> None:
    """`file://data/x` is a slip for `file:///data/x`; it must not become `/x`."""
    with pytest.raises(UserError, match=r"file://data/x: data would be a host"):
        files.read_bytes("file://data/x")


def test_the_root_is_the_root() -> None:
    assert files.local_path("/") == files.local_path("file:///") == Path("/")


def test_a_plain_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert files.local_path("x") == tmp_path / "x"
    assert files.local_path("~/x") == tmp_path / "home" / "x"


@pytest.mark.parametrize(
    "uri", ["s3://bucket/prefix", "s3a://bucket/prefix", "hdfs://name:8020/prefix"]
)
def test_a_remote_uri_is_not_local(uri: str) -> None:
    assert not files.is_local(uri)
    assert files.absolute(f"{uri}/") == uri
    assert files.join(uri, "a", "b") == f"{uri}/a/b"
    with pytest.raises(UserError, match="expected a path on the local disk"):
        files.local_path(uri)


@pytest.mark.parametrize("call", [files.read_bytes, files.exists, files.names, files.delete])
def test_an_unknown_scheme_lists_the_known_ones(call) -> None:
    with pytest.raises(UserError, match=r"gs://x/y: unknown scheme gs; use one of file, s3, "):
        call("gs://x/y")


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
