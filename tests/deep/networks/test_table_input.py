"""The first layer: which column is behind which of its units."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.inputs import InputLayout
from pipeline.deep.networks.table_input import TableInput, columns_of_units, embedding_width


@pytest.mark.parametrize(
    ("categories", "width"), [(0, 1), (1, 2), (2, 2), (10, 6), (100, 21), (10_000, 50)]
)
def test_embeddings_grow_with_the_number_of_categories(categories: int, width: int) -> None:
    assert embedding_width(categories) == width


def test_units_change_with_their_own_column_only() -> None:
    layout = InputLayout(numeric=(0, 2), categorical=(1, 3), sizes=(2, 10))
    block = TableInput(layout, np.zeros(2, np.float32), np.ones(2, np.float32))
    block.initialize()
    block.hybridize()
    columns = np.array(columns_of_units(layout))

    def units(row: list[float]) -> np.ndarray:
        numbers = mx.nd.array([[row[0], row[2]]])
        return np.asarray(block(numbers, mx.nd.array([[row[1], row[3]]])).asnumpy()[0])

    row = [0.5, 1.0, -2.0, 4.0]
    before = units(row)
    assert len(before) == len(columns)
    for place, other in enumerate([np.nan, 2.0, 3.0, 7.0]):
        changed = [*row[:place], other, *row[place + 1 :]]
        assert set(columns[units(changed) != before]) == {place}


def test_only_columns_that_training_has_seen_missing_are_marked() -> None:
    layout = InputLayout(numeric=(0, 2, 3), categorical=(), sizes=(), unmarked=frozenset({0, 3}))
    assert columns_of_units(layout) == [0, 2, 3, 2]
    for unmarked, marks in (({0, 3}, [[1.0], [0.0]]), ({0, 2, 3}, [[], []])):
        layout = InputLayout((0, 2, 3), (), (), frozenset(unmarked))
        block = TableInput(layout, np.zeros(3, np.float32), np.ones(3, np.float32))
        block.initialize()
        block.hybridize()
        found = block(mx.nd.array([[np.nan, np.nan, 5.0], [1.0, 2.0, np.nan]])).asnumpy()
        assert found[:, :3].tolist() == [[0, 0, 5], [1, 2, 0]]
        assert found[:, 3:].tolist() == marks
