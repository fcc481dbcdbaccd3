"""Better by a margin."""

from __future__ import annotations

import pytest

from pipeline.cli.models.comparison import Comparison


@pytest.mark.parametrize(
    ("metric", "challenger", "champion", "margin", "is_won"),
    [
        ("auc", 0.81, 0.80, 0.0, True),
        ("auc", 0.80, 0.80, 0.0, False),
        ("auc", 0.79, 0.80, 0.0, False),
        ("auc", 0.804, 0.80, 0.005, False),
        ("auc", 0.806, 0.80, 0.005, True),
        ("accuracy", 0.9, 0.8, 0.05, True),
        ("log_loss", 0.40, 0.42, 0.01, True),
        ("log_loss", 0.42, 0.40, 0.0, False),
        ("log_loss", 0.415, 0.42, 0.01, False),
    ],
)
def test_a_model_wins_by_the_margin_and_never_by_a_tie(
    metric: str, challenger: float, champion: float, margin: float, is_won: bool
) -> None:
    assert Comparison(metric, challenger, champion, margin).is_won is is_won


def test_a_gain_of_exactly_the_margin_counts_though_binary_fractions_lose_it() -> None:
    assert 0.57 - 0.56 < 0.01
    assert Comparison("auc", 0.57, 0.56, 0.01).is_won
    assert Comparison("log_loss", 0.56, 0.57, 0.01).is_won
