from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import StoreError
from pipeline.files import creation


def test_a_file_is_created_once(place: str) -> None:
    uri = files.join(place, "deep", "x.json")
    files.create_bytes(uri, b"first")
    with pytest.raises(FileExistsError):
        files.create_bytes(uri, b"second")
    assert files.read_bytes(uri) == b"first"
    assert files.names(place) == ["deep/x.json"]


def test_of_many_writers_one_wins(place: str) -> None:
    uri = files.join(place, "x.json")

    def create(number: int) -> int | None:
        try:
            files.create_bytes(uri, str(number).encode())
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(create, range(8)) if number is not None]
    assert [files.read_bytes(uri)] == [str(number).encode() for number in won]
    assert files.names(place) == ["x.json"]


def test_a_disk_without_hard_links_has_one_winner_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_source: object, _target: object) -> None:
        raise PermissionError(1, "no hard links")

    monkeypatch.setattr(creation.os, "link", no_links)
    uri = str(tmp_path / "x")
    files.create_bytes(uri, b"first")
    with pytest.raises(FileExistsError):
        files.create_bytes(uri, b"second")
    assert (tmp_path / "x").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_where_nothing_can_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        files.create_bytes(str(tmp_path / "file" / "x"), b"")
