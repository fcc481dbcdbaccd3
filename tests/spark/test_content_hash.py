"""A number for the content of rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from pipeline.spark.content_hash import content_sum, group_sum
from pipeline.spark.shard_file import ShardRows

ROWS = 50


def _rows(*, is_sparse: bool = False) -> ShardRows:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(ROWS, 4)).astype(np.float32)
    matrix[rng.random((ROWS, 4)) < 0.3] = np.nan
    features = sparse.csr_matrix(np.nan_to_num(matrix)) if is_sparse else matrix
    return ShardRows(
        rng.permutation(ROWS).astype(np.int64),
        features,
        rng.integers(0, 2, ROWS).astype(np.float32),
        rng.random(ROWS).astype(np.float32),
        rng.integers(0, 9, ROWS),
    )


@pytest.mark.parametrize("is_sparse", [False, True])
def test_neither_order_nor_shards_matter(is_sparse: bool) -> None:
    rows = _rows(is_sparse=is_sparse)
    order = np.random.default_rng(1).permutation(ROWS)
    parts = [rows.where(order[:20]), rows.where(order[20:]), rows.where(order[:0])]
    for total in (content_sum, group_sum):
        assert sum(map(total, parts)) % 2**64 == total(rows)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_every_value_matters(is_sparse: bool) -> None:
    rows = _rows(is_sparse=is_sparse)
    assert rows.weights is not None
    changed = rows.features.copy()
    if is_sparse:
        changed.data[7] += 1
    else:
        changed[3, 2] = 5.0
    swapped = rows.features[:, [1, 0, 2, 3]]
    others = [
        replace(rows, features=changed),
        replace(rows, features=swapped),
        replace(rows, ids=rows.ids + 1),
        replace(rows, labels=1 - rows.labels),
        replace(rows, weights=rows.weights * 2),
    ]
    sums = [content_sum(each) for each in (rows, *others)]
    assert len(set(sums)) == len(sums)
    assert content_sum(replace(rows, groups=None)) == sums[0]
    assert group_sum(replace(rows, groups=None)) == 0
    assert rows.groups is not None
    assert group_sum(replace(rows, groups=rows.groups[::-1].copy())) != group_sum(rows)


def test_zeros_are_one_value_and_so_are_all_nan() -> None:
    rows = _rows()
    zero, minus = (replace(rows, labels=np.full(ROWS, v, np.float32)) for v in (0.0, -0.0))
    assert content_sum(zero) == content_sum(minus)
    odd = rows.features.copy()
    odd.view(np.uint32)[np.isnan(odd)] = 0x7FC00001
    assert content_sum(replace(rows, features=odd)) == content_sum(rows)
