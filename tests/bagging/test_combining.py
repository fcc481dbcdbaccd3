"""One prediction out of many."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.bagging.combining import combined, of_predicted, probabilities
from pipeline.bagging.votes import Ballot

BINARY = [np.array([[0.9], [0.2]], np.float32), np.array([[0.4], [0.4]], np.float32)] * 2
BINARY = [*BINARY, np.array([[0.45], [0.95]], np.float32)]
THREE = [
    np.array([[0.5, 0.3, 0.2]], np.float32),
    np.array([[0.4, 0.35, 0.25]], np.float32),
    np.array([[0.0, 1.0, 0.0]], np.float32),
]


def test_a_soft_vote_is_the_mean_probability() -> None:
    found = combined(iter(BINARY), Ballot(2, "soft"))
    assert found[:, 0] == pytest.approx([0.61, 0.43])
    assert combined(iter(THREE), Ballot(3, "soft"))[0] == pytest.approx([0.3, 0.55, 0.15])


def test_a_hard_vote_counts_classes() -> None:
    found = combined(iter(BINARY), Ballot(2, "hard"))
    assert found[:, 0] == pytest.approx([0.4, 0.2])
    assert combined(iter(THREE), Ballot(3, "hard"))[0] == pytest.approx([2 / 3, 1 / 3, 0])


def test_mean_and_median_of_numbers() -> None:
    values = [np.array([[each]], np.float32) for each in (1.0, 2.0, 60.0)]
    assert combined(iter(values), Ballot(0, "mean", (0.0, 1.0)))[0, 0] == pytest.approx(21)
    assert combined(iter(values), Ballot(0, "median", (0.0, 1.0)))[0, 0] == 2


def test_probabilities_sum_to_one_whatever_rounding_left() -> None:
    for shares, classes in (([[1.0000001], [0.3]], 2), ([[0.7, 0.3000001, -1e-8]], 3)):
        found = probabilities(np.array(shares), classes)
        assert found.sum(axis=1) == pytest.approx(1)
        assert ((found >= 0) & (found <= 1)).all()


def test_spread_is_over_the_probability_of_the_predicted_class() -> None:
    found = of_predicted(iter(BINARY), 2, np.array([1, 0]))
    assert found[:, 0] == pytest.approx([0.9, 0.4, 0.9, 0.4, 0.45])
    assert found[:, 1] == pytest.approx([0.8, 0.6, 0.8, 0.6, 0.05])
    values = [np.array([[each]], np.float32) for each in (1.0, 2.0)]
    assert of_predicted(iter(values), 0, np.array([1.5])).tolist() == [[1.0], [2.0]]
