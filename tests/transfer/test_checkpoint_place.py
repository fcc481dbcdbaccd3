"""A checkpoint is looked at on the driver, and refused there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ModelError
from pipeline.transfer.checkpoint_place import find_checkpoint, network_files
from tests.transfer import tiny_bert
from tests.transfer.made_checkpoints import write_safetensors


def test_a_checkpoint_is_found_wherever_it_lies(tmp_path: Path, place: str) -> None:
    made = tiny_bert.write(tmp_path / "made", labels=("good", "bad"))
    uri = files.join(place, "checkpoint")
    for path in made.iterdir():
        files.upload(path, files.join(uri, path.name))
    found = find_checkpoint(uri)
    assert found.names == ("config.json", "model.safetensors")
    assert (found.has_pooler, found.labels) == (True, ("good", "bad"))
    assert found.config.hidden_size == tiny_bert.WIDTH
    assert found.digest == find_checkpoint(str(made)).digest
    assert found.read().encoder.keys() == find_checkpoint(str(made)).read().encoder.keys()


def test_other_weights_at_the_same_place_are_another_checkpoint(tmp_path: Path) -> None:
    first = find_checkpoint(str(tiny_bert.write(tmp_path))).digest
    assert find_checkpoint(str(tiny_bert.write(tmp_path))).digest == first
    assert find_checkpoint(str(tiny_bert.write(tmp_path, seed=1))).digest != first


def test_what_is_no_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere is no checkpoint: it has no config\.json"):
        find_checkpoint(str(tmp_path / "nowhere"))
    whole = tiny_bert.write(tmp_path / "whole")
    content = (whole / "model.safetensors").read_bytes()
    (whole / "model.safetensors").write_bytes(content[:-100])
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        find_checkpoint(str(whole))
    tensors = tiny_bert.tensors(0, 0)
    del tensors["bert.encoder.layer.1.output.dense.bias"]
    write_safetensors(whole / "model.safetensors", tensors)
    with pytest.raises(ModelError, match=r"missing: bert\.encoder\.layer\.1\.output\.dense\.bias"):
        find_checkpoint(str(whole))
    (whole / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights that can be read"):
        find_checkpoint(str(whole))
    with pytest.raises(ModelError, match="of type 'gpt2'; encoders that can be read"):
        find_checkpoint(str(tiny_bert.write(tmp_path / "other", model_type="gpt2")))


def test_one_set_of_weights_is_read_safetensors_first() -> None:
    both = ["config.json", "model.safetensors", "pytorch_model.bin", "README.md"]
    assert network_files(both) == ("config.json", "model.safetensors")
    parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = "model.safetensors.index.json"
    found = network_files(["config.json", *parts, index, "pytorch_model.bin"])
    assert set(found) == {"config.json", *parts, index}
    assert network_files(["config.json", "pytorch_model.bin"])[1] == "pytorch_model.bin"
    assert network_files(["config.json", "tf_model.h5"]) == ("config.json",)
