"""What a fixed part gave, kept for another attempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.deep.communication import OnlyRank, QuietRank
from pipeline.deep.kept_values import KeptValues


class _Rank(QuietRank):
    """Keeps what the driver is told."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(OnlyRank(threads=1))
        self._told = told

    def report(self, kind: str, **data: Any) -> None:
        assert (kind, data["is_warning"]) == ("note", True)
        self._told.append(data["text"])


INPUTS = (np.arange(12, dtype=np.float32).reshape(4, 3), np.zeros((4, 0), np.float32))
VALUES = np.linspace(0, 1, 8, dtype=np.float32).reshape(4, 2)


def _kept(directory: Path, told: list[str], mark: str = "a") -> KeptValues:
    return KeptValues(directory.as_uri(), mark, _Rank(told))


def test_another_process_reads_what_one_has_kept(tmp_path: Path) -> None:
    told: list[str] = []
    one, other = _kept(tmp_path / "kept", told), _kept(tmp_path / "kept", told)
    found = np.zeros_like(VALUES)
    assert not one.read(one.place(INPUTS), found)
    one.write(one.place(INPUTS), VALUES)
    assert other.read(other.place(INPUTS), found)
    assert (found == VALUES).all()
    assert (one.rows_read, other.rows_read, told) == (0, 4, [])


@pytest.mark.parametrize(
    "inputs",
    [
        (INPUTS[0] + 1, INPUTS[1]),
        (INPUTS[0].reshape(3, 4), INPUTS[1]),
        (INPUTS[0][::-1], INPUTS[1]),
    ],
)
def test_other_rows_have_another_place(inputs: Any, tmp_path: Path) -> None:
    assert _kept(tmp_path, []).place(inputs) != _kept(tmp_path, []).place(INPUTS)


def test_another_part_has_another_place(tmp_path: Path) -> None:
    assert _kept(tmp_path, [], "b").place(INPUTS) != _kept(tmp_path, [], "a").place(INPUTS)


@pytest.mark.parametrize("damage", ["cut", "flipped", "another method", "of another shape"])
def test_a_damaged_piece_is_told_and_not_used(damage: str, tmp_path: Path) -> None:
    told: list[str] = []
    kept = _kept(tmp_path, told)
    kept.write(kept.place(INPUTS), VALUES[:, :1] if damage == "of another shape" else VALUES)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[data.index(VALUES.tobytes()) + 5] ^= 1
    if damage == "another method":  # of compressing, in the archive's directory
        data[data.rindex(b"PK\x01\x02") + 10] = 99
    path.write_bytes(data[:-30] if damage == "cut" else data)
    assert not kept.read(kept.place(INPUTS), np.zeros_like(VALUES))
    assert kept.rows_read == 0
    assert len(told) == 1
    assert f"{path.name} is damaged and is computed again" in told[0]


def test_what_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    kept = _kept(tmp_path, told)
    for _ in range(2):
        assert not kept.read(tmp_path.as_uri(), np.zeros_like(VALUES))  # a directory
    assert len(told) == 1
    assert "nothing that is kept is read" in told[0]


def test_what_cannot_be_kept_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "kept").write_text("in the way")
    kept = _kept(tmp_path / "kept", told)
    for _ in range(2):
        kept.write(kept.place(INPUTS), VALUES)
    assert len(told) == 1
    assert "not kept for another attempt" in told[0]
