"""The check that models are compared on the same rows."""

from __future__ import annotations

import pytest

from pipeline.errors import DataError
from pipeline.report.evaluation import check_same_rows
from tests.report.samples import plain


def test_equal_rows_pass() -> None:
    check_same_rows({})
    check_same_rows({"a": {"test": plain(0.5)}, "b": {"test": plain(0.9)}})


def test_every_differing_split_is_named() -> None:
    evaluations = {
        "a": {"train": plain(0.5, rows=10), "test": plain(0.5, rows=5)},
        "b": {"train": plain(0.5, rows=10), "test": plain(0.5, rows=4)},
    }
    with pytest.raises(DataError, match="split test: a 5, b 4") as caught:
        check_same_rows(evaluations)
    assert "split train" not in str(caught.value)


def test_a_missing_split_differs() -> None:
    with pytest.raises(DataError, match="split test: a 100, b 0"):
        check_same_rows({"a": {"test": plain(0.5)}, "b": {}})
