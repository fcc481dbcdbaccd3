from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.errors import StoreError
from pipeline.spark import shard_file
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter, concatenate

WIDTH = 3


def made(count: int, *, is_sparse: bool = False, is_weighted: bool = False) -> ShardRows:
    rng = np.random.default_rng(count)
    dense = rng.normal(size=(count, WIDTH)).astype(np.float32)
    dense[rng.random(dense.shape) < 0.5] = 0
    return ShardRows(
        np.arange(count, dtype=np.int64) * 7 - 5,
        sparse.csr_matrix(dense) if is_sparse else dense,
        rng.integers(0, 2, count).astype(np.float32),
        rng.random(count).astype(np.float32) if is_weighted else None,
    )


def write(path: Path, blocks: list[ShardRows]) -> Path:
    writer = ShardWriter(
        path,
        WIDTH,
        is_sparse=not isinstance(blocks[0].features, np.ndarray),
        is_weighted=blocks[0].weights is not None,
    )
    with writer:
        for block in blocks:
            writer.add(block)
    assert writer.rows == sum(map(len, blocks))
    return path


def dense(matrix: shard_file.Matrix) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def cut(rows: ShardRows, *places: int) -> list[ShardRows]:
    bounds = [0, *places, len(rows)]
    number = np.arange(len(rows))
    return [rows.where((number >= low) & (number < high)) for low, high in pairwise(bounds)]


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_rows_come_back_as_they_were_written(
    tmp_path: Path, is_sparse: bool, is_weighted: bool
) -> None:
    rows = made(100, is_sparse=is_sparse, is_weighted=is_weighted)
    shard = Shard(write(tmp_path / "x.arrow", cut(rows, 10, 10, 77)))
    assert (shard.rows, shard.width) == (100, WIDTH)
    assert (shard.is_sparse, shard.is_weighted) == (is_sparse, is_weighted)
    np.testing.assert_array_equal(shard.ids, rows.ids)
    np.testing.assert_array_equal(shard.labels, rows.labels)
    if is_weighted:
        np.testing.assert_array_equal(shard.weights, rows.weights)
    else:
        assert shard.weights is None
    (matrix,) = shard.matrices()
    np.testing.assert_array_equal(dense(matrix), dense(rows.features))


def test_nan_stays_missing_and_is_not_absent(tmp_path: Path) -> None:
    features = np.array([[np.nan, 0, 1]], dtype=np.float32)
    rows = ShardRows(np.array([1]), features, np.array([0], dtype=np.float32))
    (matrix,) = Shard(write(tmp_path / "x.arrow", [rows])).matrices()
    np.testing.assert_array_equal(matrix, features)


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("count", [9, 10, 11, 35])
def test_rows_beyond_one_chunk_are_found_by_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_sparse: bool, count: int
) -> None:
    monkeypatch.setattr(shard_file, "CHUNK_ROWS", 10)
    rows = made(count, is_sparse=is_sparse, is_weighted=True)
    shard = Shard(write(tmp_path / "x.arrow", cut(rows, 3, 7)))
    sizes = [matrix.shape[0] for matrix in shard.matrices()]
    assert sizes == [10] * (count // 10) + ([count % 10] if count % 10 else [])
    np.testing.assert_array_equal(shard.ids, rows.ids)
    np.testing.assert_array_equal(shard.weights, rows.weights)
    rng = np.random.default_rng(0)
    for places in (
        rng.permutation(count),
        rng.integers(0, count, 50),
        np.array([count - 1, 0]),
        np.array([], dtype=np.int64),
    ):
        found = shard.take(places)
        assert found.dtype == np.float32
        assert found.shape == (len(places), WIDTH)
        np.testing.assert_array_equal(dense(found), dense(rows.features)[places])


def test_the_bytes_do_not_depend_on_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_file, "CHUNK_ROWS", 10)
    for is_sparse in (False, True):
        rows = made(45, is_sparse=is_sparse)
        whole = write(tmp_path / "whole", [rows]).read_bytes()
        assert write(tmp_path / "parts", cut(rows, 1, 9, 10, 31)).read_bytes() == whole


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_shard_may_have_no_rows(tmp_path: Path, is_sparse: bool) -> None:
    with ShardWriter(tmp_path / "x", WIDTH, is_sparse=is_sparse, is_weighted=True):
        pass
    shard = Shard(tmp_path / "x")
    assert (shard.rows, shard.width, shard.is_sparse) == (0, WIDTH, is_sparse)
    assert len(shard.ids) == len(shard.labels) == 0
    assert shard.weights is not None
    assert list(shard.matrices()) == []
    assert shard.take(np.array([], dtype=np.int64)).shape == (0, WIDTH)
    again = Shard(write(tmp_path / "y", [made(0, is_sparse=is_sparse)]))
    assert again.rows == 0


@pytest.mark.parametrize("left", [0, 8, 100, -1, -200])
def test_a_cut_file_is_a_store_error(tmp_path: Path, left: int) -> None:
    path = write(tmp_path / "x.arrow", [made(100)])
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(StoreError, match=r"x\.arrow: cannot be read"):
        Shard(path)


def test_a_missing_file_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        Shard(tmp_path / "none")


def test_features_are_mapped_and_not_copied(tmp_path: Path) -> None:
    shard = Shard(write(tmp_path / "dense", [made(100)]))
    (matrix,) = shard.matrices()
    assert not matrix.flags.owndata
    assert not matrix.flags.writeable
    mapped = Shard(write(tmp_path / "sparse", [made(100, is_sparse=True)]))
    (rows,) = mapped.matrices()
    assert not rows.data.flags.owndata
    assert not rows.data.flags.writeable
    taken = shard.take(np.array([1]))
    assert taken.flags.writeable


def test_writing_stops_where_an_error_came(tmp_path: Path) -> None:
    def broken() -> None:
        with ShardWriter(tmp_path / "x", WIDTH, is_sparse=False, is_weighted=False) as writer:
            writer.add(made(5))
            raise RuntimeError("bad row")

    with pytest.raises(RuntimeError, match="bad row"):
        broken()
    assert Shard(tmp_path / "x").rows == 0


@pytest.mark.parametrize("is_sparse", [False, True])
def test_blocks_are_put_together_in_their_order(is_sparse: bool) -> None:
    rows = made(20, is_sparse=is_sparse, is_weighted=True)
    again = concatenate(cut(rows, 4, 4, 11))
    np.testing.assert_array_equal(again.ids, rows.ids)
    np.testing.assert_array_equal(dense(again.features), dense(rows.features))
    np.testing.assert_array_equal(again.weights, rows.weights)
