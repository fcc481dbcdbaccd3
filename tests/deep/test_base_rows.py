"""What a fixed part gives for a rank's rows."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from pipeline.deep.base_rows import PIECE_ROWS, base_rows
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.kept_values import KeptValues
from pipeline.deep.padded import Padded
from pipeline.errors import UserError
from pipeline.spark.shard_file import CHUNK_ROWS, Shard, ShardRows, ShardWriter
from tests.deep.killed import KilledError

LAYOUT = InputLayout((0, 1, 2, 3), (), ())


def _rows(count: int, path: Any) -> Shard:
    numbers = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    numbers[::3, 2:] = np.nan
    with ShardWriter(path, 4, is_sparse=False, is_weighted=True) as to:
        to.add(ShardRows(np.arange(count), numbers, numbers[:, 0], numbers[:, 1]))
    return Shard(path)


def _sums(numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
    assert codes.shape == (len(numbers), 0)
    total = np.nansum(numbers, axis=1)
    return np.stack([total, -total], axis=1).astype(np.float32)


@pytest.mark.parametrize("padded", [None, Padded(4, multiple=2, scored_numbers=400)])
@pytest.mark.parametrize("count", [1, 1_500, CHUNK_ROWS + 10])
def test_values_stand_in_the_rows_order_with_their_labels_and_weights(
    padded: Padded | None, count: int, tmp_path: Any
) -> None:
    shard = _rows(count, tmp_path / "shard")
    moves: list[int] = []
    rank = OnlyRank(threads=1, on_advance=lambda: moves.append(1))
    found = base_rows(shard, _sums, LAYOUT, padded, rank)
    assert (found.rows, found.width, found.is_weighted) == (count, 2, True)
    expected = np.concatenate([_sums(chunk, chunk[:, :0]) for chunk in shard.matrices()])
    assert (np.concatenate(list(found.matrices())) == expected).all()
    places = np.array([count - 1, 0])
    assert (found.take(places) == expected[places]).all()
    assert (found.labels == shard.labels).all()
    assert found.weights is not None
    assert (found.weights == shard.weights).all()
    assert moves


def test_a_rank_without_rows_knows_the_width_too(tmp_path: Any) -> None:
    found = base_rows(_rows(0, tmp_path / "shard"), _sums, LAYOUT, None, OnlyRank(threads=1))
    assert (found.rows, found.width) == (0, 2)
    assert list(found.matrices()) == []


def test_pieces_that_were_done_before_a_loss_are_done(tmp_path: Any) -> None:
    shard = _rows(CHUNK_ROWS + 10, tmp_path / "shard")
    calls: list[int] = []

    def call(numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        calls.append(len(numbers))
        if sum(calls) > 3 * PIECE_ROWS + 2_000 and kept.rows_read == 0:
            raise KilledError
        return _sums(numbers, codes)

    rank = OnlyRank(threads=1)
    kept = KeptValues((tmp_path / "kept").as_uri(), "mark", rank)
    with pytest.raises(KilledError):
        base_rows(shard, call, LAYOUT, None, rank, kept)
    calls.clear()
    kept = KeptValues((tmp_path / "kept").as_uri(), "mark", rank)
    found = base_rows(shard, call, LAYOUT, None, rank, kept)
    assert kept.rows_read == 3 * PIECE_ROWS
    assert sum(calls) == shard.rows - kept.rows_read + 1  # one row, to know the width
    assert (found.take(np.arange(shard.rows)) == _sums(*_inputs(shard))).all()


def _inputs(shard: Shard) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.concatenate(list(shard.matrices()))
    return numbers, numbers[:, :0]


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk that has no more room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_without_room_is_named_before_the_base_runs(tmp_path: Any) -> None:
    shard = _rows(200_000, tmp_path / "shard")
    calls = []

    def call(numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        calls.append(len(numbers))
        return _sums(numbers, codes)

    told = r"host .*: /.* has no room for 2 MiB, what the part that stays as it is gives for"
    with _files_of_at_most(2**20), pytest.raises(UserError, match=told):
        base_rows(shard, call, LAYOUT, None, OnlyRank(threads=1))
    assert calls == [1]  # one row, to know the width
    assert base_rows(shard, call, LAYOUT, None, OnlyRank(threads=1)).rows == 200_000
