"""Steps in words."""

from __future__ import annotations

import pytest

from pipeline.progress.steps import amount, metrics_text


@pytest.mark.parametrize(
    ("number", "total", "said"),
    [
        (3, 10, "3 of 10 rounds"),
        (0, 1, "0 of 1 round"),
        (1, None, "1 round"),
        (2_000, None, "2,000 rounds"),
        (1_500, 20_000, "1,500 of 20,000 rounds"),
    ],
)
def test_an_amount_is_said_as_people_do(number: int, total: int | None, said: str) -> None:
    assert amount(number, total, "round") == said


def test_counts_are_whole_and_measures_have_four_decimals() -> None:
    text = metrics_text({"rows": 12_000, "auc": 0.81236, "loss": float("nan")})
    assert text == "rows 12,000, auc 0.8124, loss nan"
