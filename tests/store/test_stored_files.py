"""A model's files where they lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ModelError
from pipeline.store import model_directory
from pipeline.store.stored_files import StoredFiles


@pytest.fixture
def stored(place: str) -> StoredFiles:
    for name in ("a", "b"):
        files.write_bytes(files.join(place, name), name.encode())
    digest = hashlib.sha256(b"b").hexdigest()
    return StoredFiles(place, {"a": None, "b": {"sha256": digest}})


def test_files_are_a_mapping_of_bytes(stored: StoredFiles) -> None:
    assert dict(stored) == {"a": b"a", "b": b"b"} == stored
    assert len(stored) == 2
    assert "a" in stored
    assert "c" not in stored
    with pytest.raises(KeyError):
        stored["c"]


def test_a_file_is_read_when_it_is_asked_for(stored: StoredFiles, place: str) -> None:
    files.delete(files.join(place, "a"))
    assert stored["b"] == b"b"
    with pytest.raises(ModelError, match="missing; the model is damaged"):
        stored["a"]
    files.write_bytes(files.join(place, "b"), b"x")
    with pytest.raises(ModelError, match="its checksum is not that of the manifest"):
        stored["b"]


def test_a_saved_model_is_opened_without_reading_its_files(tmp_path: Path) -> None:
    uri = (tmp_path / "model").as_uri()
    natives = {f"part-{place}/file": bytes([place]) for place in range(40)}
    model_directory.publish(uri, natives, {"kind": "x"})
    metadata, stored = model_directory.open_stored(uri)
    assert metadata["kind"] == "x"
    assert stored == natives
    (next((tmp_path / "model").glob("v*-*")) / "part-7" / "file").unlink()
    with pytest.raises(ModelError, match="part-7/file: missing; the model is damaged"):
        model_directory.open_stored(uri)
