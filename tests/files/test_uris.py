from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import UserError

ODD_NAMES = ["a b", "50%", "a%20b", "größe-日本", "a#b", "a?b", "a+b&c=d"]


def everything(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


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


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_mean_the_same_file_to_every_call(place: str, name: str) -> None:
    base = files.join(place, name)
    written, created = files.join(base, name), files.join(base, f"{name}.json")
    files.write_bytes(written, b"written")
    files.create_bytes(created, b"created")
    with pytest.raises(FileExistsError):
        files.create_bytes(written, b"again")
    assert files.children(place) == [name]
    assert files.names(base) == sorted([name, f"{name}.json"])
    assert files.read_bytes(written) == b"written"
    assert files.read_bytes(created) == b"created"
    files.delete(created)
    assert files.children(base) == [name]
    files.delete(base)
    assert files.names(place) == []


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
