import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from pipeline.errors import ConflictError, ModelError, StoreError, UserError
from pipeline.store import model_directory
from pipeline.store.model_directory import FORMAT, publish, read, read_metadata

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
    return sorted(path for path in model.iterdir() if path.name.startswith("v0") and path.is_dir())


def change(model: Path, **entries: object) -> None:
    path = model / "v000001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_a_model_comes_back_as_it_was_published(place: str) -> None:
    publish(place, NATIVES, METADATA, spark_metadata='{"class": "x"}')
    metadata, natives = read(place)
    assert natives == NATIVES
    assert {name: metadata[name] for name in METADATA} == METADATA
    assert metadata["format"] == FORMAT
    assert metadata["files"]["model.ubj"]["bytes"] == len(NATIVES["model.ubj"])
    assert read_metadata(place) == metadata
    line = files.read_bytes(files.join(place, "metadata", "part-00000"))
    assert line == b'{"class": "x"}\n'


def test_a_model_that_is_there_is_not_replaced_by_accident(model: Path) -> None:
    before = (model / "v000001.json").read_bytes()
    with pytest.raises(UserError, match="is there already"):
        publish(str(model), {"other": b""}, METADATA)
    assert (model / "v000001.json").read_bytes() == before
    assert read(str(model))[1] == NATIVES


def test_overwriting_leaves_the_new_model_alone(model: Path) -> None:
    publish(str(model), {"new": b"1"}, {"kind": "deep"}, if_exists="overwrite")
    metadata, natives = read(str(model))
    assert natives == {"new": b"1"}
    assert metadata["kind"] == "deep"
    assert "metrics" not in metadata
    assert len(natives_of(model)) == 1


def test_earlier_versions_are_read_by_their_number(model: Path) -> None:
    publish(str(model), {"new": b"1"}, {"kind": "deep"}, if_exists="version")
    assert read(str(model))[1] == read(f"{model}@2")[1] == {"new": b"1"}
    assert read(f"{model}@1")[1] == NATIVES
    with pytest.raises(ModelError, match="no such version of the model; there are: 1, 2"):
        read(f"{model}@3")


def test_overwriting_nothing_is_publishing(uri: str) -> None:
    publish(uri, NATIVES, METADATA, if_exists="overwrite")
    assert read(uri)[1] == NATIVES


@pytest.mark.parametrize("if_exists", ["refuse", "overwrite", "version"])
@pytest.mark.parametrize("name", ["thesis.txt", "metadata.json", "metadata/part-00000"])
def test_a_directory_of_somebody_elses_is_not_touched(
    tmp_path: Path, if_exists: Any, name: str
) -> None:
    """A model of Spark's own has a `metadata` directory."""
    files.write_bytes(str(tmp_path / name), b'{"class": "org.apache.spark.ml.PipelineModel"}')
    with pytest.raises(UserError, match="not touched"):
        publish(str(tmp_path), NATIVES, METADATA, if_exists=if_exists)
    assert files.names(str(tmp_path)) == [name]


def test_another_kind_of_output_is_not_replaced_by_a_model(tmp_path: Path) -> None:
    manifest = {"rows": 5, "version": 1, "content": "v000001-00000000"}
    (tmp_path / "v000001.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="what is there is not a model of emr-ensembles"):
        publish(str(tmp_path), NATIVES, METADATA, if_exists="overwrite")
    with pytest.raises(ModelError, match="what is there is not a model of emr-ensembles"):
        read(str(tmp_path))


def test_no_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none: no model there; check the URI, or train a model"):
        read(str(tmp_path / "none"))


def test_a_changed_native_file_is_noticed(model: Path) -> None:
    (native,) = natives_of(model)
    (native / "model.ubj").write_bytes(b"\x00leaves\xff")
    with pytest.raises(ModelError, match=r"model\.ubj: its checksum is not that of the manifest"):
        read(str(model))


def test_a_missing_native_file_is_named(model: Path) -> None:
    (native,) = natives_of(model)
    (native / "deep" / "part.json").unlink()
    with pytest.raises(ModelError, match=r"part\.json: missing; the model is damaged"):
        read(str(model))


def test_a_model_of_a_newer_format_says_to_upgrade(model: Path) -> None:
    change(model, format=FORMAT + 1)
    with pytest.raises(ModelError, match=r"format 3, this version reads format 2; upgrade emr-"):
        read(str(model))
    with pytest.raises(ModelError, match="upgrade"):
        publish(str(model), NATIVES, METADATA, if_exists="overwrite")


def test_a_model_of_the_first_format_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text('{"format": 1, "kind": "deep"}')
    with pytest.raises(ModelError, match=r"written in format 1, .* train the model again"):
        read(str(tmp_path))


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "..", "", "."])
def test_names_outside_the_model_are_refused(model: Path, name: str) -> None:
    (model.parent / "secret").write_bytes(b"secret")
    entry = {"bytes": 6, "sha256": "0" * 64}
    change(model, files={name: entry})
    with pytest.raises(ModelError, match="names files outside the model's directory"):
        read(str(model))
    change(model, files={}, content=name)
    with pytest.raises(ModelError, match="names a content that is not its own"):
        read(str(model))
    with pytest.raises(ModelError, match="names a content that is not its own"):
        publish(str(model), NATIVES, METADATA, if_exists="overwrite")
    assert (model.parent / "secret").exists()


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"format": "2"}, "its format is not a whole number"),
        ({"format": None}, "its format is not a whole number"),
        ({"format": True}, "its format is not a whole number"),
        ({"files": ["model.ubj"]}, "its files are not given by name"),
        ({"files": None}, "its files are not given by name"),
        ({"files": {"model.ubj": {"bytes": 7}}}, "the file model.ubj lacks its size or its"),
        ({"files": {"model.ubj": {"sha256": "0"}}}, "the file model.ubj lacks its size or its"),
        ({"files": {"model.ubj": 7}}, "the file model.ubj lacks its size or its checksum"),
        ({"files": {"x": {"bytes": "7", "sha256": "0"}}}, "of the file x is of the wrong kind"),
        ({"files": {"x": {"bytes": 7, "sha256": 0}}}, "of the file x is of the wrong kind"),
    ],
)
def test_a_damaged_manifest_says_what_is_wrong(
    model: Path, entries: dict[str, Any], told: str
) -> None:
    change(model, **entries)
    for call in (read, read_metadata):
        with pytest.raises(ModelError, match=f"manifest is damaged: .*{told}.*; train the model"):
            call(str(model))
    with pytest.raises(ModelError, match="manifest is damaged"):
        publish(str(model), NATIVES, METADATA, if_exists="overwrite")


def test_a_spark_line_that_is_no_object_is_not_ours(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "metadata" / "part-00000"), b"[]")
    with pytest.raises(UserError, match="holds no model of ours; not touched"):
        publish(str(tmp_path), NATIVES, METADATA)


@pytest.mark.parametrize("written_first", [0, 1, 2])
def test_a_failure_while_overwriting_leaves_the_old_model(
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
        publish(str(model), new, METADATA, spark_metadata="{}", if_exists="overwrite")
    monkeypatch.undo()
    assert read(str(model))[1] == NATIVES
    publish(str(model), new, METADATA, if_exists="overwrite")
    assert read(str(model))[1] == new
    assert len(natives_of(model)) == 1


def test_a_save_that_broke_off_after_sparks_line_can_be_repeated(uri: str) -> None:
    line = '{"class": "pipeline.boosting.estimator.BoostingClassificationModel"}'
    with pytest.raises(ValueError, match="Out of range float"):
        publish(uri, NATIVES, {"kind": "x", "auc": float("nan")}, spark_metadata=line)
    with pytest.raises(ModelError, match="no model there"):
        read(uri)
    publish(uri, NATIVES, METADATA, spark_metadata=line)
    assert read(uri)[1] == NATIVES


def test_a_reader_of_a_model_that_is_replaced_gets_the_new_one(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = model_directory.newest(str(model))
    publish(str(model), {"new": b"1"}, METADATA, if_exists="overwrite")
    looks = iter([first])
    newest = model_directory.newest
    monkeypatch.setattr(model_directory, "newest", lambda uri: next(looks, None) or newest(uri))
    assert read(str(model))[1] == {"new": b"1"}


def test_of_two_models_at_once_one_is_kept_and_the_other_told(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = files.write_bytes
    was_interrupted = []

    def overtaken(uri: str, data: bytes) -> None:
        whole(uri, data)
        if not was_interrupted:
            was_interrupted.append(uri)
            publish(str(model), {"fast": b"1"}, METADATA, if_exists="overwrite")

    monkeypatch.setattr(files, "write_bytes", overtaken)
    with pytest.raises(ConflictError, match="another writer published version 2"):
        publish(str(model), {"slow": b"1"}, METADATA, if_exists="overwrite")
    assert read(str(model))[1] == {"fast": b"1"}


def test_who_has_seen_an_older_version_does_not_follow_a_newer_one(model: Path) -> None:
    publish(str(model), {"new": b"1"}, METADATA, if_exists="version", seen=1)
    with pytest.raises(ConflictError, match="another writer published version 2 meanwhile"):
        publish(str(model), {"late": b"1"}, METADATA, if_exists="version", seen=1)
    assert read(str(model))[1] == {"new": b"1"}
    assert len(natives_of(model)) == 2


def test_a_digest_is_of_the_files_alone(model: Path, tmp_path: Path) -> None:
    publish(str(tmp_path / "copy"), NATIVES, {**METADATA, "metrics": {}})
    publish(str(tmp_path / "other"), {**NATIVES, "more": b""}, METADATA)
    one, copy, other = (
        model_directory.digest(read_metadata(str(place)))
        for place in (model, tmp_path / "copy", tmp_path / "other")
    )
    assert one == copy != other
