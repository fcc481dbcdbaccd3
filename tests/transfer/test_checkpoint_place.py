"""A checkpoint is looked at on the driver, and refused there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import ModelError
from pipeline.transfer import checkpoints
from pipeline.transfer.checkpoint_place import (
    digest_of_checkpoint,
    find_checkpoint,
    network_files,
)
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


def test_all_that_is_read_of_a_checkpoint_tells_it_from_others(tmp_path: Path, place: str) -> None:
    made = tiny_bert.write(tmp_path / "made")
    first = digest_of_checkpoint(str(made))
    (made / "README.md").write_text("nobody reads it")
    assert digest_of_checkpoint(str(made)) == first
    for path in made.iterdir():
        files.upload(path, files.join(place, path.name))
    assert digest_of_checkpoint(place) == first
    (made / "vocab.txt").write_text((made / "vocab.txt").read_text() + "more\n")
    other_words = digest_of_checkpoint(str(made))
    tiny_bert.write(made, seed=1)
    assert len({first, other_words, digest_of_checkpoint(str(made))}) == 3
    with pytest.raises(ModelError, match="nowhere is no checkpoint: none of its files is there"):
        digest_of_checkpoint(str(tmp_path / "nowhere"))


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


def test_one_set_of_weights_is_read_safetensors_first(tmp_path: Path) -> None:
    uri = tmp_path.as_uri()
    both = ["config.json", "model.safetensors", "pytorch_model.bin", "README.md"]
    assert network_files(uri, both) == ("config.json", "model.safetensors")
    assert network_files(uri, ["config.json", "pytorch_model.bin"])[1] == "pytorch_model.bin"
    assert network_files(uri, ["config.json", "tf_model.h5"]) == ("config.json",)


@pytest.mark.parametrize("names", [("model-00001-of-00002.safetensors", "x"), ("one.bin", "two")])
def test_parts_are_those_that_the_index_names(tmp_path: Path, names: tuple[str, str]) -> None:
    whole = tiny_bert.write(tmp_path / "whole")
    (whole / "model.safetensors").unlink()
    (whole / "model-00003-of-00003.safetensors").write_text("of another checkpoint")
    tensors = tiny_bert.tensors(0, 0)
    places = {name: names[at % 2] for at, name in enumerate(tensors)}
    for part in names:
        own = {name: tensors[name] for name, where in places.items() if where == part}
        write_safetensors(whole / part, own)
    index = whole / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    found = find_checkpoint(str(whole))
    assert set(found.names) == {"config.json", index.name, *names}
    assert found.read().encoder.keys() == checkpoints.read(whole).encoder.keys()
    (whole / names[1]).rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=f"whole lacks {names[1]}, which .*index.json names"):
        find_checkpoint(str(whole))
    index.write_text(json.dumps({"weight_map": {"a": "../elsewhere"}}))
    with pytest.raises(ModelError, match=r"'\.\./elsewhere' is not the name of a file beside it"):
        find_checkpoint(str(whole))
