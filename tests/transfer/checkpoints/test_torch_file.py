"""The two files in `torch_files` were written by PyTorch; `reference.py` has the call."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.torch_file import read_torch
from tests.transfer.checkpoints.hostile import (
    MACHINE,
    MAGIC,
    VERSION,
    Touch,
    old_file,
    tensor,
    zip_file,
)

FILES = Path(__file__).parent / "torch_files"
NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3) / 4
FOUR = np.arange(4, dtype="<f4")


@pytest.mark.parametrize("name", ["zip.bin", "old.bin"])
def test_both_layouts_of_pytorch_are_read(name: str) -> None:
    found = read_torch(FILES / name)
    expected = {
        "wide": NUMBERS,
        "single": NUMBERS,
        "half": NUMBERS,
        "brain": NUMBERS,
        "ids": np.arange(3),
        "turned": NUMBERS.T,
        "whole": np.arange(8, dtype=np.float32),
        "part": np.arange(2, 5, dtype=np.float32),
        "parameter": NUMBERS,
        "nothing": np.zeros((0, 3), np.float32),
    }
    assert set(found) == set(expected)
    for key, array in expected.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize("name", ["zip.bin", "old.bin"])
def test_a_file_that_was_cut_off_is_one_error_that_names_it(tmp_path: Path, name: str) -> None:
    content = (FILES / name).read_bytes()
    path = tmp_path / "pytorch_model.bin"
    for end in (*range(0, len(content), 23), len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(ModelError, match=r"pytorch_model\.bin cannot be read"):
            read_torch(path)


def test_numbers_that_changed_on_the_way_are_noticed_in_a_zip_file(tmp_path: Path) -> None:
    content = (FILES / "zip.bin").read_bytes()
    numbers = NUMBERS.tobytes()
    assert numbers in content
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content.replace(numbers, numbers[:-1] + b"\x00"))
    with pytest.raises(ModelError, match="CRC"):
        read_torch(path)


def test_a_hostile_pickle_in_a_zip_file_is_refused(tmp_path: Path) -> None:
    path = zip_file(tmp_path / "evil.bin", pickle.dumps({"a": Touch(tmp_path / "made")}))
    with pytest.raises(ModelError, match=r"evil\.bin is refused"):
        read_torch(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("place", range(5))
def test_each_pickle_of_the_old_layout_is_held_to_the_list(tmp_path: Path, place: int) -> None:
    """Also the three before the tensors, and the one with the keys behind them."""
    parts = [MAGIC, VERSION, MACHINE, tensor(), ["0"], (4).to_bytes(8, "little") + FOUR.tobytes()]
    np.testing.assert_array_equal(read_torch(old_file(tmp_path / "good.bin", *parts))["a"], FOUR)
    parts[place] = Touch(tmp_path / "made")
    with pytest.raises(ModelError, match=r"evil\.bin is refused"):
        read_torch(old_file(tmp_path / "evil.bin", *parts))
    assert not (tmp_path / "made").exists()


def test_two_tensors_cannot_disagree_about_their_storage(tmp_path: Path) -> None:
    small, large = tensor(), tensor(count=4000, shape=(4000,)).replace(b"a", b"b", 1)
    # Two dictionaries' items in one: without the end of the first and the beginning of the other.
    joined = small[:-2] + large[4:]
    path = zip_file(tmp_path / "evil.bin", joined, data__0=FOUR.tobytes())
    with pytest.raises(ModelError, match="disagree about storage 0"):
        read_torch(path)


@pytest.mark.parametrize("content", [{"model": {"a": 1}}, [1, 2], {"a": 1.5}, {1: 2}])
def test_a_file_that_holds_more_than_weights_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ModelError, match=r"was (the whole model|more than the weights) saved"):
        read_torch(zip_file(tmp_path / "file.bin", pickle.dumps(content)))


def test_a_storage_of_another_size_than_told_is_refused(tmp_path: Path) -> None:
    path = zip_file(tmp_path / "file.bin", tensor(), data__0=FOUR.tobytes() + b"more")
    with pytest.raises(ModelError, match="20 bytes instead of 16"):
        read_torch(path)
    with pytest.raises(ModelError, match="lacks 'data/0'"):
        read_torch(zip_file(tmp_path / "file.bin", tensor()))
    wrong = (2**60).to_bytes(8, "little")
    parts = (MAGIC, VERSION, MACHINE, tensor(count=2**60), ["0"], wrong)
    with pytest.raises(ModelError, match="instead of"):
        read_torch(old_file(tmp_path / "file.bin", *parts))


def test_files_that_unpack_to_more_than_they_are_get_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", tensor())
        archive.writestr("archive/data/0", bytes(16))
    with pytest.raises(ModelError, match="does not compress"):
        read_torch(tmp_path / "file.bin")


def test_numbers_of_a_machine_with_another_byte_order_are_refused(tmp_path: Path) -> None:
    path = zip_file(tmp_path / "a.bin", tensor(), byteorder=b"big", data__0=FOUR.tobytes())
    with pytest.raises(ModelError, match="highest byte first"):
        read_torch(path)
    machine = {**MACHINE, "little_endian": False}
    with pytest.raises(ModelError, match="highest byte first"):
        read_torch(old_file(tmp_path / "b.bin", MAGIC, VERSION, machine))
