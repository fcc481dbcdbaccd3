"""Fetching a checkpoint from a server, whole or not at all."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import StoreError, UserError
from pipeline.transfer.pretrained import ORIGIN, chosen, pull
from tests.transfer.hub import COMMIT, Hub, serving

WEIGHTS = bytes(range(256)) * 40
FILES = {
    "README.md": b"# A model",
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": WEIGHTS,
    "flax_model.msgpack": WEIGHTS,
    "onnx/model.safetensors": WEIGHTS,
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b"{}",
    "vocab.txt": b"a\n",
}
NEEDED = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
]
BY_HAND = "bring the files by hand: .* download config.json, model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    refused = {"owner/closed": (403, "GatedRepo"), "owner/down": (503, "")}
    with serving(Hub({"owner/model": FILES, "plain": FILES}, refused)) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.address)
        yield made


def test_what_is_read_is_fetched_and_nothing_else(hub: Hub, place: str) -> None:
    pulled = pull("owner/model", f"{place}/one/model")
    assert pulled.commit == COMMIT
    assert files.names(pulled.uri) == sorted([*NEEDED, ORIGIN])
    assert sorted(hub.fetched) == NEEDED
    for name in NEEDED:
        assert files.read_bytes(files.join(pulled.uri, name)) == FILES[name]
    origin = json.loads(files.read_bytes(files.join(pulled.uri, ORIGIN)))
    assert (origin["name"], origin["commit"]) == ("owner/model", COMMIT)
    assert sorted(origin["sha256"]) == NEEDED
    assert pulled.sizes["model.safetensors"] == len(WEIGHTS)


def test_nothing_else_is_left_beside_it(hub: Hub, tmp_path: Path) -> None:
    pull("plain", str(tmp_path / "model"), revision="v1")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_there_is_not_replaced(hub: Hub, place: str) -> None:
    files.write_bytes(f"{place}/model/notes.txt", b"mine")
    with pytest.raises(UserError, match="something is there already; delete it, or choose another"):
        pull("owner/model", f"{place}/model")
    assert files.names(f"{place}/model") == ["notes.txt"]
    assert hub.fetched == []


def test_what_an_interrupted_one_has_left_is_replaced(hub: Hub, place: str) -> None:
    files.write_bytes(f"{place}/model/model.safetensors", b"half")
    pull("owner/model", f"{place}/model")
    assert files.read_bytes(f"{place}/model/model.safetensors") == WEIGHTS
    with pytest.raises(UserError, match="something is there already"):
        pull("owner/model", f"{place}/model")


def test_damaged_weights_are_refused_and_nothing_is_there(hub: Hub, tmp_path: Path) -> None:
    hub.broken["model.safetensors"] = WEIGHTS[::-1]
    with pytest.raises(StoreError, match=r"model\.safetensors came damaged: the hash is not the"):
        pull("owner/model", str(tmp_path / "model"))
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_fails_leaves_nothing(
    hub: Hub, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = files.upload

    def fails(source: Path, uri: str) -> None:
        if uri.endswith("vocab.txt"):
            raise StoreError(f"{uri}: cannot be written: the bucket is gone")
        upload(source, uri)

    monkeypatch.setattr(files, "upload", fails)
    with pytest.raises(StoreError, match="the bucket is gone"):
        pull("owner/model", f"{s3}/broken/model")
    assert files.names(f"{s3}/broken") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("owner/none", f"owner/none: no such model, or one that is not public: .*{BY_HAND}"),
        ("owner/closed", f"owner/closed: its owner gives it .*set HF_TOKEN, or {BY_HAND}"),
        ("a/b/c", "a/b/c: not a model's name: "),
    ],
)
def test_a_model_that_cannot_be_had_is_told(
    hub: Hub, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        pull(name, str(tmp_path / "model"))
    assert list(tmp_path.iterdir()) == []


def test_a_revision_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no revision v9; name a branch, tag or commit"):
        pull("owner/model", str(tmp_path / "model"), revision="v9")


def test_without_a_network_the_error_says_how_to_bring_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(
            StoreError, match=f"owner/model: cannot be fetched: .*{BY_HAND}"
        ) as told:
            pull("owner/model", str(tmp_path / "new" / "model"))
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_fails_is_told(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"owner/down: cannot be fetched: .*503.*{BY_HAND}"):
        pull("owner/down", str(tmp_path / "model"))


def test_weights_are_taken_in_one_form_only() -> None:
    base = ["config.json", "vocab.txt"]
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = "model.safetensors.index.json"
    assert chosen("m", [*base, index, *shards, "pytorch_model.bin"]) == [
        *("config.json", index, *shards, "vocab.txt")
    ]
    assert chosen("m", [*base, "model.safetensors", "pytorch_model.bin"])[1] == "model.safetensors"
    assert chosen("m", [*base, "pytorch_model.bin", "model.fp16.safetensors"])[1:2] == [
        "pytorch_model.bin"
    ]
    old = ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin"]
    assert chosen("m", [*base, *old])[1:3] == old


def test_a_model_of_another_kind_is_refused_with_all_that_it_lacks() -> None:
    with pytest.raises(UserError, match=r"m: has no model\.safetensors or .*\.bin, no tok") as told:
        chosen("m", ["config.json", "tf_model.h5"])
    assert "no tokenizer.json or vocab.txt; choose a model of the BERT family" in str(told.value)
    assert str(told.value).endswith("(this one has: config.json, tf_model.h5)")
    with pytest.raises(UserError, match=r"has no config\.json, no model\.safe.*has: no files"):
        chosen("m", [])
