"""The table for the terminal, and the columns that it shares with the page."""

from __future__ import annotations

import math

import pytest

from pipeline.report.comparison import duration
from pipeline.report.terminal import table
from tests.report.samples import three, with_test


def test_best_values_are_marked() -> None:
    head, _, bagging, boosting, deep, *_ = table(three()).splitlines()
    assert head.split() == [
        "model", "test", "AUC", "log", "loss", "accuracy", "train-test", "out-of-bag", "training",
    ]  # fmt: skip
    assert boosting.count("*") == 4
    assert deep.count("*") == 1
    assert bagging.count("*") == 0
    assert "0.2135" in bagging


def test_level_scores_are_both_marked() -> None:
    text = table([with_test("a", 0.8, 5), with_test("b", 0.7997, 6), with_test("c", 0.7, 7)])
    marks = [line.count("*") for line in text.splitlines()[2:5]]
    assert marks == [4, 3, 2]
    assert "out-of-bag" not in text


def test_nothing_is_best_alone() -> None:
    assert "*" not in table([with_test("a", 0.8)]).splitlines()[2]


def test_missing_scores_are_dashes() -> None:
    line = table([with_test("a", math.nan, None, log_loss=math.nan)]).splitlines()[2]
    assert line.split() == ["a", "-", "-", "0.8000", "-", "-"]


def test_long_and_hostile_names_fit() -> None:
    text = table([with_test("n" * 200, 0.8), with_test("evil\x1b[2J\nname", 0.7), *three()])
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "evil?[2J?name" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.123, "0.12 s"),
        (41.26, "41.3 s"),
        (59.96, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (math.nan, "-"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
