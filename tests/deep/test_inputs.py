"""Numbers and codes, split from the encoded matrix."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.inputs import InputLayout

SCHEMA = FeatureSchema(
    (
        Feature("c", "categorical", ("a", "b", "c")),
        Feature("x", "numeric"),
        Feature("f", "boolean"),
        Feature("d", "categorical", ()),
    )
)


def test_columns_are_told_apart() -> None:
    layout = InputLayout.of(SCHEMA)
    assert layout == InputLayout(numeric=(1, 2), categorical=(0, 3), sizes=(3, 0))


def test_codes_start_at_one_and_missing_is_zero() -> None:
    matrix = np.array([[0, 5, 1, np.nan], [2, np.nan, 0, np.nan], [np.nan, 1, 1, 0]], np.float32)
    layout = InputLayout.of(SCHEMA)
    assert layout.codes(matrix).tolist() == [[1, 0], [3, 0], [0, 1]]
    numbers = layout.numbers(matrix)
    assert np.array_equal(numbers, [[5, 1], [np.nan, 0], [1, 1]], equal_nan=True)
    assert numbers.dtype == layout.codes(matrix).dtype == np.float32


def test_vectors_are_numbers_only() -> None:
    layout = InputLayout.of(FeatureSchema(vector="v", size=3, is_sparse=True))
    matrix = sparse.csr_matrix(np.array([[0, 2, 0], [1, 0, 0]], np.float32))
    assert layout.numeric == (0, 1, 2)
    assert layout.numbers(matrix).tolist() == [[0, 2, 0], [1, 0, 0]]
    assert layout.codes(matrix).shape == (2, 0)


def test_some_columns_only() -> None:
    matrix = np.array([[0, 5, 1, 2], [2, np.nan, 0, np.nan]], np.float32)
    layout = InputLayout.of(SCHEMA, [0, 2])
    assert layout == InputLayout(numeric=(2,), categorical=(0,), sizes=(3,))
    assert layout.numbers(matrix).tolist() == [[1], [0]]
    assert layout.codes(matrix).tolist() == [[1], [3]]
    numbers = InputLayout.of(SCHEMA, [1])
    assert np.array_equal(numbers.numbers(matrix), [[5], [np.nan]], equal_nan=True)
    vectors = InputLayout.of(FeatureSchema(vector="v", size=3, is_sparse=True), [0, 2])
    assert vectors.numbers(sparse.csr_matrix([[0.0, 2, 4], [1, 0, 0]])).tolist() == [[0, 4], [1, 0]]
