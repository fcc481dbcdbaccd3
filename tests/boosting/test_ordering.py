"""The order in which rows are binned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.boosting import ordering
from pipeline.boosting.ordering import OrderedRows, coherent_order
from pipeline.spark import shard_file
from pipeline.spark.shard_file import Matrix, Shard, ShardRows, ShardWriter

ROWS = 3000


@pytest.fixture(autouse=True)
def _few_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "ROWS_WORTH_ORDERING", ROWS)
    monkeypatch.setattr(ordering, "CHUNK_ROWS", 1000)
    monkeypatch.setattr(shard_file, "CHUNK_ROWS", 1000)


def _dependent(rows: int = ROWS) -> np.ndarray:
    """A day, on which two columns depend, and one that depends on nothing; some are missing."""
    rng = np.random.default_rng(0)
    day = rng.integers(0, 40, rows)
    weather = rng.normal(size=(40, 2))[day]
    matrix = np.column_stack([rng.normal(size=rows), weather, day]).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.02] = np.nan
    return matrix


@pytest.fixture
def shard(tmp_path: Path) -> Callable[[Matrix], Shard]:
    def write(matrix: Matrix, labels: np.ndarray | None = None) -> Shard:
        path = tmp_path / "shard"
        numbers = np.arange(matrix.shape[0])
        floats = numbers.astype(np.float32)
        is_sparse = sparse.issparse(matrix)
        with ShardWriter(
            path,
            matrix.shape[1],
            is_sparse=is_sparse,
            is_weighted=True,
            is_grouped=True,
            extras=2,
        ) as writer:
            extras = np.column_stack([floats, -floats])
            told = floats if labels is None else labels.astype(np.float32)
            writer.add(ShardRows(numbers, matrix, told, floats + 1, numbers % 7, extras))
        return Shard(path)

    return write


def test_the_order_has_every_row_once_and_follows_from_the_rows(
    shard: Callable[[Matrix], Shard],
) -> None:
    made = shard(_dependent())
    order = coherent_order(made)
    assert order is not None
    assert sorted(order.tolist()) == list(range(ROWS))
    again = coherent_order(made)
    assert again is not None
    assert (again == order).all()


def test_equal_values_of_the_telling_columns_lie_side_by_side(
    shard: Callable[[Matrix], Shard],
) -> None:
    matrix = _dependent()
    order = coherent_order(shard(matrix))
    assert order is not None
    changes = {
        place: int((np.diff(np.nan_to_num(matrix[order, place], nan=-9.0)) != 0).sum())
        for place in range(4)
    }
    assert min(changes[1], changes[2], changes[3]) <= 40  # 40 days, and those that are missing
    assert max(changes[1], changes[2], changes[3]) < ROWS / 5
    assert changes[0] > ROWS * 0.9


def test_the_columns_that_tell_of_the_label_count_more_than_many_others(
    shard: Callable[..., Shard],
) -> None:
    rng = np.random.default_rng(0)
    model, hour = rng.integers(0, 40, (2, ROWS))
    engines = rng.normal(size=(40, 3))[model]
    weather = rng.normal(size=(40, 1))[hour]
    matrix = np.column_stack([model, engines, hour, weather]).astype(np.float32)
    order = coherent_order(shard(matrix, labels=np.sin(hour)))
    assert order is not None
    assert (np.diff(matrix[order, 4]) != 0).sum() == 39
    assert (np.diff(matrix[order, 0]) != 0).sum() > 100


def test_all_that_belongs_to_a_row_goes_with_it(shard: Callable[[Matrix], Shard]) -> None:
    matrix = _dependent()
    made = shard(matrix)
    order = np.random.default_rng(1).permutation(ROWS)
    rows = OrderedRows(made, order)
    features = np.concatenate(list(rows.matrices()))
    assert np.array_equal(features, matrix[order], equal_nan=True)
    assert (rows.labels == order).all()
    assert rows.weights is not None
    assert (rows.weights == order + 1).all()
    assert rows.groups is not None
    assert (rows.groups == order % 7).all()
    assert rows.extras is not None
    assert (rows.extras[:, 1] == -order).all()
    assert (rows.rows, rows.width, rows.is_sparse) == (ROWS, 4, False)


def test_there_is_no_order_where_it_would_gain_nothing(
    shard: Callable[[Matrix], Shard],
) -> None:
    rng = np.random.default_rng(0)
    assert coherent_order(shard(_dependent(ROWS - 1))) is None
    assert coherent_order(shard(rng.normal(size=(ROWS, 20)).astype(np.float32))) is None
    assert coherent_order(shard(sparse.csr_matrix(np.nan_to_num(_dependent())))) is None
    assert coherent_order(shard(np.zeros((ROWS, 513), dtype=np.float32))) is None


def test_a_column_that_is_missing_throughout_is_no_hindrance(
    shard: Callable[[Matrix], Shard],
) -> None:
    matrix = _dependent()
    matrix[:, 0] = np.nan
    order = coherent_order(shard(matrix))
    assert order is not None
    assert sorted(order.tolist()) == list(range(ROWS))
