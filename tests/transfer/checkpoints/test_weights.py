from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.weights import read_weights
from tests.transfer.made_checkpoints import write_safetensors

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    write_safetensors(tmp_path / FIRST, {"a": np.ones(2, "f4")})
    write_safetensors(tmp_path / SECOND, {"b": np.zeros(3, "f4"), "c": np.zeros(1, "f4")})
    write_index(tmp_path, {"a": FIRST, "b": SECOND, "c": SECOND})
    return tmp_path


def write_index(directory: Path, places: object) -> None:
    content = {"metadata": {"total_size": 24}, "weight_map": places}
    (directory / "model.safetensors.index.json").write_text(json.dumps(content))


def test_parts_are_put_together(parts: Path) -> None:
    found = read_weights(parts)
    assert {name: array.tolist() for name, array in found.items()} == {
        "a": [1, 1],
        "b": [0, 0, 0],
        "c": [0],
    }


def test_files_of_pytorch_are_read_whole_and_in_parts(tmp_path: Path) -> None:
    source = Path(__file__).parent / "torch_files" / "zip.bin"
    shutil.copy(source, tmp_path / "pytorch_model.bin")
    whole = read_weights(tmp_path)
    (tmp_path / "pytorch_model.bin").rename(tmp_path / "part.bin")
    index = {"weight_map": dict.fromkeys(whole, "part.bin")}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    np.testing.assert_equal(read_weights(tmp_path), whole)


def test_safetensors_count_where_both_are_there(parts: Path) -> None:
    (parts / "pytorch_model.bin").write_bytes(b"anything")
    assert set(read_weights(parts)) == {"a", "b", "c"}


def test_a_part_that_was_not_brought_is_named(parts: Path) -> None:
    (parts / SECOND).unlink()
    with pytest.raises(ModelError, match=f"lacks {SECOND}"):
        read_weights(parts)


def test_a_tensor_that_is_not_where_the_index_says_is_named(parts: Path) -> None:
    write_index(parts, {"a": FIRST, "b": FIRST, "c": SECOND})
    with pytest.raises(ModelError, match=f"b is not in {FIRST}"):
        read_weights(parts)


@pytest.mark.parametrize("name", ["../other.bin", "/etc/passwd", "", 5, "sub/part.bin"])
def test_an_index_cannot_lead_out_of_the_directory(parts: Path, name: object) -> None:
    write_index(parts, {"a": name})
    with pytest.raises(ModelError, match="is not the name of a file beside it"):
        read_weights(parts)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": 3}', '{"weight_map": ["a"]}'])
def test_a_damaged_index_is_named(parts: Path, content: str) -> None:
    (parts / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ModelError, match=r"index\.json cannot be read"):
        read_weights(parts)


def test_without_weights_it_is_said_which_are_read(tmp_path: Path) -> None:
    (tmp_path / "tf_model.h5").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.safetensors or pytorch_model\.bin"):
        read_weights(tmp_path)
