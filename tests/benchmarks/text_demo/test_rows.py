"""`make demo-text`: which rows train, choose and test."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.text_demo.rows import distinct, sizes, split
from pipeline.errors import UserError


def _table(rows: int) -> pd.DataFrame:
    texts = [f"text {at}" for at in range(rows)]
    return pd.DataFrame(
        {"id": range(rows), "text": texts, "label": [at % 2.0 for at in range(rows)]}
    )


def test_no_row_is_in_two_parts() -> None:
    parts = split(_table(700), seed=1, rows=300)
    ids = [set(part["id"]) for part in (parts.train, parts.validation, parts.test)]
    assert tuple(map(len, ids)) == sizes(300) == (300, 100, 300)
    assert len(set.union(*ids)) == 700


def test_a_seed_draws_the_same_rows_again_and_another_seed_others() -> None:
    table = _table(700)
    first, again, other = (split(table, seed, 90) for seed in (1, 1, 2))
    assert first.test.equals(again.test)
    assert set(first.test["id"]) != set(other.test["id"])


def test_texts_that_differ_in_case_and_punctuation_alone_are_one() -> None:
    table = pd.DataFrame({"text": ["A fine film .", "a  fine film", "a fine filmmaker", "so-so"]})
    assert list(distinct(table)["text"]) == ["A fine film .", "a fine filmmaker", "so-so"]


@pytest.mark.parametrize("rows", [1, 301])
def test_more_rows_than_there_are_texts_are_refused(rows: int) -> None:
    with pytest.raises(UserError, match=f"--rows {rows}: must be from 3 to 300"):
        split(_table(700), seed=0, rows=rows)
