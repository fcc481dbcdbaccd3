from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.safetensors_file import read_safetensors
from tests.transfer.made_checkpoints import write_raw, write_safetensors

NUMBERS = np.array([[1.5, -2.0], [0.25, 3.0]])


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_floats_of_any_width_become_float32(tmp_path: Path, dtype: str) -> None:
    write_safetensors(tmp_path / "file", {"a": NUMBERS.astype(dtype)})
    found = read_safetensors(tmp_path / "file")["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, NUMBERS)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    upper_halves = (NUMBERS.astype(np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    header = {"a": entry("BF16", [2, 2], 0, 8)}
    write_raw(tmp_path / "file", json.dumps(header).encode(), upper_halves)
    np.testing.assert_array_equal(read_safetensors(tmp_path / "file")["a"], NUMBERS)


def test_integers_stay_integers_and_single_numbers_have_no_shape(tmp_path: Path) -> None:
    given = {"ids": np.arange(3), "one": np.float32(2.0).reshape(()), "no": np.zeros((0, 3), "f4")}
    write_safetensors(tmp_path / "file", given)
    found = read_safetensors(tmp_path / "file")
    assert {name: (array.dtype, array.shape) for name, array in found.items()} == {
        "ids": (np.int64, (3,)),
        "one": (np.float32, ()),
        "no": (np.float32, (0, 3)),
    }


def test_tensors_may_lie_in_another_order_than_they_are_named(tmp_path: Path) -> None:
    header = {"b": entry("F32", [1], 4, 8), "a": entry("F32", [1], 0, 4)}
    content = np.array([1, 2], "<f4").tobytes()
    write_raw(tmp_path / "file", json.dumps(header).encode() + b"   ", content)
    found = read_safetensors(tmp_path / "file")
    assert (found["a"], found["b"]) == (1, 2)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"a": entry("F32", [2], 0, 4), "b": entry("F32", [1], 4, 8)}, "4 bytes instead of 8"),
        ({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 0, 4)}, "instead of 4"),
        ({"a": entry("F32", [1], 0, 4)}, "take 4 bytes, and 8 are there"),
        ({"a": entry("F32", [4], 0, 16)}, "take 16 bytes, and 8 are there"),
        ({"a": entry("F32", [1], 4, 8)}, "begins at byte 4"),
        ({"a": entry("F32", [-2], 8, 0)}, "are no counts"),
        ({"a": entry("F32", [2.0], 0, 8)}, "are no counts"),  # type: ignore[list-item]
        ({"a": entry("F8_E4M3", [8], 0, 8)}, "type F8_E4M3"),
        ({"a": {"dtype": "F32", "shape": [2]}}, "no type, shape and place"),
        ({"a": entry("F32", [1] * 40, 0, 4)}, "no array can have the shape of a"),
        ({"a": entry("F32", [0, 2**70], 0, 0)}, "no array can have the shape of a"),
        ({"a": entry([], [1], 0, 4)}, r"type \[\]"),  # type: ignore[arg-type]
        ({"a": 5}, "no type, shape and place"),
        ([], "no JSON object"),
    ],
)
def test_a_header_that_does_not_fit_the_bytes_is_refused(
    tmp_path: Path, header: Any, reason: str
) -> None:
    write_raw(tmp_path / "file", json.dumps(header).encode(), bytes(8))
    with pytest.raises(ModelError, match=reason):
        read_safetensors(tmp_path / "file")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:40],
        lambda content: content[:5],
        lambda content: b"",
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content.replace(b"{", b"[", 1),
        lambda content: content.replace(b'"b"', b'"a"'),
        lambda content: content[:8] + b"[" * 90 + content[98:],
    ],
)
def test_a_damaged_file_is_one_error_that_names_it(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"a": NUMBERS, "b": NUMBERS})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        ModelError, match=r"model\.safetensors cannot be read.*bring the file again"
    ):
        read_safetensors(path)
