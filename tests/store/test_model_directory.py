import json
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ModelError, StoreError, UserError
from pipeline.store import model_directory
from pipeline.store.model_directory import publish, read, read_metadata

NATIVES = {"model.ubj": b"\x00trees\xff", "deep/part.json": b"{}"}
METADATA = {"kind": "boosting", "metrics": {"auc": 0.75}}


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "a model")


@pytest.fixture
def model(uri: str) -> Path:
    publish(uri, NATIVES, METADATA)
    return Path(uri)


def natives_of(model: Path) -> list[Path]:
    return sorted(path for path in model.iterdir() if path.name.startswith("native-"))


def change(model: Path, **entries: object) -> None:
    path = model / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_a_model_comes_back_as_it_was_published(uri: str) -> None:
    publish(uri, NATIVES, METADATA, spark_metadata='{"class": "x"}')
    metadata, natives = read(uri)
    assert natives == NATIVES
    assert {name: metadata[name] for name in METADATA} == METADATA
    assert metadata["format"] == model_directory.FORMAT
    assert metadata["files"]["model.ubj"]["bytes"] == len(NATIVES["model.ubj"])
    assert read_metadata(files.absolute(uri)) == metadata
    assert (Path(uri) / "metadata" / "part-00000").read_text() == '{"class": "x"}\n'


def test_a_model_that_is_there_is_not_replaced_by_accident(model: Path) -> None:
    before = (model / "metadata.json").read_bytes()
    with pytest.raises(UserError, match="a model is there already; overwrite it explicitly"):
        publish(str(model), {"other": b""}, METADATA)
    assert (model / "metadata.json").read_bytes() == before
    assert read(str(model))[1] == NATIVES


def test_overwriting_leaves_the_new_model_alone(model: Path) -> None:
    publish(str(model), {"new": b"1"}, {"kind": "deep"}, overwrite=True)
    metadata, natives = read(str(model))
    assert natives == {"new": b"1"}
    assert metadata["kind"] == "deep"
    assert "metrics" not in metadata
    assert len(natives_of(model)) == 1


def test_overwriting_nothing_is_publishing(uri: str) -> None:
    publish(uri, NATIVES, METADATA, overwrite=True)
    assert read(uri)[1] == NATIVES


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_of_somebody_elses_is_not_touched(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(UserError, match="holds no model of ours; not touched"):
        publish(str(tmp_path), NATIVES, METADATA, overwrite=overwrite)
    assert files.names(str(tmp_path)) == ["thesis.txt"]


def test_a_model_of_sparks_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    with pytest.raises(UserError, match="holds no model of ours; not touched"):
        publish(str(tmp_path), NATIVES, METADATA, overwrite=True)


@pytest.mark.parametrize("content", ['{"title": "data set"}', "[]", "no json"])
def test_a_metadata_file_of_somebody_elses_is_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "metadata.json").write_text(content)
    with pytest.raises(ModelError, match=r"metadata\.json is not"):
        publish(str(tmp_path), NATIVES, METADATA, overwrite=True)
    assert files.names(str(tmp_path)) == ["metadata.json"]
    assert (tmp_path / "metadata.json").read_text() == content
    with pytest.raises(ModelError, match=r"metadata\.json is not"):
        read(str(tmp_path))


def test_no_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model there \(metadata\.json is missing\)"):
        read(str(tmp_path / "none"))


def test_a_changed_native_file_is_noticed(model: Path) -> None:
    (native,) = natives_of(model)
    (native / "model.ubj").write_bytes(b"\x00leaves\xff")
    with pytest.raises(ModelError, match=r"model\.ubj: its checksum is not the one"):
        read(str(model))


def test_a_missing_native_file_is_named(model: Path) -> None:
    (native,) = natives_of(model)
    (native / "deep" / "part.json").unlink()
    with pytest.raises(ModelError, match=r"part\.json: missing; the model is damaged"):
        read(str(model))


def test_a_model_of_a_newer_version_says_to_upgrade(model: Path) -> None:
    change(model, format=model_directory.FORMAT + 1)
    with pytest.raises(ModelError, match=r"this version reads up to 1; upgrade emr-ensembles"):
        read(str(model))


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "..", "", "."])
def test_names_outside_the_model_are_refused(model: Path, name: str) -> None:
    (model.parent / "secret").write_bytes(b"secret")
    entry = {"bytes": 6, "sha256": "0" * 64}
    change(model, files={name: entry})
    with pytest.raises(ModelError, match="names files outside the model's directory"):
        read(str(model))
    change(model, files={}, native=name)
    with pytest.raises(ModelError, match="names files outside the model's directory"):
        read(str(model))
    with pytest.raises(ModelError, match="names files outside the model's directory"):
        publish(str(model), NATIVES, METADATA, overwrite=True)
    assert model.exists()
    assert (model.parent / "secret").exists()


@pytest.mark.parametrize("written_first", [0, 1, 2, 3])
def test_a_crash_while_overwriting_leaves_the_old_model(
    model: Path, written_first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    whole = files.write_bytes

    def breaks(uri: str, data: bytes) -> None:
        calls.append(uri)
        if len(calls) > written_first:
            raise StoreError(f"{uri}: the node is gone")
        whole(uri, data)

    monkeypatch.setattr(files, "write_bytes", breaks)
    new = {"model.ubj": b"new", "deep/part.json": b"new"}
    with pytest.raises(StoreError, match="the node is gone"):
        publish(str(model), new, METADATA, spark_metadata="{}", overwrite=True)
    monkeypatch.undo()
    assert len(calls) == written_first + 1
    assert read(str(model))[1] == NATIVES
    publish(str(model), new, METADATA, overwrite=True)
    assert read(str(model))[1] == new
    assert len(natives_of(model)) == 1


def test_a_crash_while_publishing_leaves_no_model(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = files.write_bytes

    def breaks(place: str, data: bytes) -> None:
        if place.endswith("metadata.json"):
            raise StoreError("the node is gone")
        whole(place, data)

    monkeypatch.setattr(files, "write_bytes", breaks)
    with pytest.raises(StoreError):
        publish(uri, NATIVES, METADATA, spark_metadata="{}")
    with pytest.raises(ModelError, match="no model there"):
        read(uri)
    monkeypatch.undo()
    publish(uri, {"new": b"1"}, METADATA)
    assert read(uri)[1] == {"new": b"1"}
    assert len(natives_of(Path(uri))) == 1


def test_metadata_that_is_no_json_is_refused_before_it_is_written(uri: str) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        publish(uri, NATIVES, {"kind": "x", "metrics": {"auc": float("nan")}})
    with pytest.raises(ModelError, match="no model there"):
        read(uri)
