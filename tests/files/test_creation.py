from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from pipeline import files
from pipeline.errors import AccessError, StoreError
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


def test_a_disk_without_hard_links_that_is_full_keeps_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_source: object, _target: object) -> None:
        raise PermissionError(1, "no hard links")

    def full(_uri: str, _data: bytes) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(creation.os, "link", no_links)
    monkeypatch.setattr(creation, "write_bytes", full)
    with pytest.raises(StoreError, match="the disk is full"):
        files.create_bytes(str(tmp_path / "x"), b"first")
    assert list(tmp_path.iterdir()) == []


class Undecided:
    """An S3 that says "others are at it" a number of times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.put: list[tuple[str, str]] = []

    def put_object(self, *, Bucket: str, Key: str, **_more: object) -> None:  # noqa: N803
        self.put.append((Bucket, Key))
        if len(self.put) <= self.times:
            answer = {"Error": {"Code": "ConditionalRequestConflict", "Message": "try again"}}
            raise ClientError(answer, "PutObject")


@pytest.mark.parametrize("times", [1, 3])
def test_a_put_that_s3_has_not_decided_is_tried_again(
    s3: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    client = Undecided(times)
    monkeypatch.setattr(boto3, "client", lambda _name: client)
    monkeypatch.setattr(creation, "_PAUSE_S", 0.001)
    files.create_bytes(f"{s3}/a%20b/x", b"data")
    assert client.put == [("bucket", "a b/x")] * (times + 1)


def test_a_put_that_s3_never_decides_is_not_said_to_be_taken(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: Undecided(1000))
    monkeypatch.setattr(creation, "_PAUSE_S", 0.001)
    with pytest.raises(StoreError, match=r"others were writing it at the same time, .*; run it"):
        files.create_bytes(f"{s3}/x", b"data")


def test_a_bucket_that_is_not_there_is_said_to_be_missing(s3: str) -> None:
    with pytest.raises(AccessError, match="there is no such bucket; make it, or correct the URI"):
        files.create_bytes("s3://no-such-bucket/x", b"data")
