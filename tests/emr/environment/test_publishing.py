from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import files
from pipeline.emr.environment import publishing
from pipeline.emr.environment.archive import Archive, make_archive
from pipeline.emr.environment.publishing import publish
from pipeline.errors import UserError


def _packed(directory: Path, content: str) -> Archive:
    (directory / "environment").mkdir(parents=True)
    (directory / "environment" / "file").write_text(content)
    return make_archive(directory / "environment", directory / "emr-ensembles-cpu-0.tar.gz")


def test_the_archive_and_its_checksum_are_published(place: str, tmp_path: Path) -> None:
    archive = _packed(tmp_path / "a", "a")
    uri, uploaded = publish(archive, f"{place}/environments/")
    assert (uri, uploaded) == (f"{place}/environments/emr-ensembles-cpu-0.tar.gz", True)
    assert files.read_bytes(uri) == archive.path.read_bytes()
    assert files.read_bytes(f"{uri}.sha256") == archive.checksum.read_bytes()


def test_what_is_there_is_not_uploaded_again(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = _packed(tmp_path / "a", "a")
    publish(archive, place)

    def upload(*_: object) -> None:
        raise AssertionError("uploaded again")

    monkeypatch.setattr(publishing.files, "upload", upload)
    assert publish(archive, place) == (f"{place}/{archive.path.name}", False)


def test_another_build_of_the_same_name_is_refused_and_the_first_stays(
    place: str, tmp_path: Path
) -> None:
    first, second = _packed(tmp_path / "a", "a"), _packed(tmp_path / "b", "b")
    uri, _ = publish(first, place)
    with pytest.raises(UserError, match="another build of this environment was published there"):
        publish(second, place)
    assert files.read_bytes(uri) == first.path.read_bytes()


def test_a_publishing_that_was_cut_off_is_finished(place: str, tmp_path: Path) -> None:
    archive = _packed(tmp_path / "a", "a")
    uri, _ = publish(archive, place)
    files.delete(f"{uri}.sha256")
    assert publish(archive, place) == (uri, True)
    files.delete(uri)
    assert publish(archive, place) == (uri, True)
    assert files.exists(uri)
    assert files.exists(f"{uri}.sha256")
