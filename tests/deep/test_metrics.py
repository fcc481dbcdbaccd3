"""Metrics of validation rows are those of the rows as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.deep.communication import Alone
from pipeline.deep.metrics import Sums
from pipeline.deep.objectives import Classification, Regression


def _outputs(rows: int, classes: int, labels: np.ndarray, sharpness: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(rows)
    found = rng.normal(size=(rows, classes)).astype(np.float32)
    found[np.arange(rows), labels.astype(int)] += sharpness
    return found


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_the_area_under_the_curve_is_that_of_all_rows(sharpness: float, size: float) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 5_000).astype(np.float32)
    weights = rng.uniform(0, 3, 5_000).astype(np.float32)
    outputs = _outputs(5_000, 2, labels, sharpness) * np.float32(size)
    sums = Sums(Classification(2))
    for start in range(0, 5_000, 700):
        own = slice(start, start + 700)
        sums.add(np.zeros(len(labels[own]), np.float32), outputs[own], labels[own], weights[own])
    expected = roc_auc_score(labels, outputs[:, 1] - outputs[:, 0], sample_weight=weights)
    assert sums.values(Alone())["auc"] == pytest.approx(expected, abs=3e-4)


def test_scores_that_are_equal_count_half() -> None:
    sums = Sums(Classification(2))
    ones = np.ones(4, np.float32)
    sums.add(ones, np.zeros((4, 2), np.float32), np.array([0, 1, 1, 0], np.float32), ones)
    assert sums.values(Alone())["auc"] == 0.5


def test_there_is_no_area_with_one_class_only() -> None:
    sums = Sums(Classification(2))
    ones = np.ones(3, np.float32)
    sums.add(ones, np.zeros((3, 2), np.float32), ones, ones)
    assert np.isnan(sums.values(Alone())["auc"])


def test_means_are_weighted_over_batches_of_any_size() -> None:
    labels = np.array([0, 2, 1, 2], np.float32)
    outputs = np.eye(3, dtype=np.float32)[[0, 2, 0, 1]]
    weights = np.array([1, 2, 3, 4], np.float32)
    losses = np.array([0.5, 1, 3, 2], np.float32)  # weighted already
    sums = Sums(Classification(3))
    sums.add(losses[:1], outputs[:1], labels[:1], weights[:1])
    sums.add(losses[1:], outputs[1:], labels[1:], weights[1:])
    assert sums.values(Alone()) == {"logloss": 0.65, "accuracy": pytest.approx(0.3)}


def test_values_are_measured_in_their_unit() -> None:
    aim = Regression(mean=100.0, scale=10.0)
    outputs = np.array([[0.0], [1.0]], np.float32)
    labels = np.array([90, 130], np.float32)
    weights = np.array([1, 3], np.float32)
    losses = np.array([0.5, 2.0 * 3], np.float32)
    sums = Sums(aim)
    sums.add(losses, outputs, labels, weights)
    found = sums.values(Alone())
    assert found["mae"] == pytest.approx((10 + 3 * 20) / 4)
    assert found["mse"] == pytest.approx((100 + 3 * 400) / 4)


def test_rows_without_weight_have_no_metrics() -> None:
    sums = Sums(Classification(3))
    nothing = np.zeros(2, np.float32)
    sums.add(nothing, np.zeros((2, 3), np.float32), nothing, nothing)
    assert np.isnan(list(sums.values(Alone()).values())).all()
