"""A version stands from the moment its manifest does, though its writer never heard so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import StoreError
from pipeline.store.versions import Draft, numbers
from tests.store.test_versions import directories, publish, require_whole, write


@pytest.mark.parametrize("lost", [KeyboardInterrupt(), StoreError("no answer")])
def test_a_version_whose_manifest_is_there_stays_whatever_comes_after(
    place: str, monkeypatch: pytest.MonkeyPatch, lost: BaseException
) -> None:
    """Interrupted when the manifest was written, before anybody was told."""
    publish(place, "x")
    create = files.create_bytes

    def loses(uri: str, data: bytes) -> None:
        create(uri, data)
        raise lost

    monkeypatch.setattr(files, "create_bytes", loses)
    with pytest.raises(type(lost)):
        publish(place, "y")
    assert require_whole(place) == "y"


@pytest.mark.parametrize("lost", [KeyboardInterrupt(), StoreError("no answer")])
def test_a_version_stays_when_others_cannot_be_looked_for(
    place: str, monkeypatch: pytest.MonkeyPatch, lost: BaseException
) -> None:
    def breaks(_uri: str) -> list[str]:
        raise lost

    def publishes() -> None:
        with Draft(place, "overwrite") as draft:
            write(draft, "y")
            monkeypatch.setattr(files, "children", breaks)
            draft.publish({"mark": "y"})

    with pytest.raises(type(lost)):
        publishes()
    monkeypatch.undo()
    assert require_whole(place) == "y"


def test_a_manifest_that_was_sent_twice_is_no_conflict(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the first put was lost, and the second finds what the first has written."""
    publish(place, "x")
    create = files.create_bytes

    def twice(uri: str, data: bytes) -> None:
        create(uri, data)
        create(uri, data)

    monkeypatch.setattr(files, "create_bytes", twice)
    publish(place, "y")
    assert require_whole(place) == "y"
    assert numbers(place) == [2]
    assert len(directories(place)) == 1


def test_content_stays_when_it_is_not_known_whether_its_manifest_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = str(tmp_path / "out")
    create, read = files.create_bytes, files.read_bytes

    def loses(place: str, data: bytes) -> None:
        create(place, data)
        monkeypatch.setattr(files, "read_bytes", fails)
        raise StoreError("no answer")

    def fails(_uri: str) -> bytes:
        raise StoreError("no answer")

    monkeypatch.setattr(files, "create_bytes", loses)
    with pytest.raises(StoreError, match="no answer"):
        publish(uri, "x")
    monkeypatch.setattr(files, "read_bytes", read)
    assert require_whole(uri) == "x"
