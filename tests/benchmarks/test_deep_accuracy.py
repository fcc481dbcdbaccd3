"""`python -m benchmarks deep-accuracy`: when two means are told apart."""

from __future__ import annotations

import pytest

from benchmarks.deep_accuracy.measure import Comparison, markdown


def test_means_within_two_standard_errors_are_the_same() -> None:
    # Both variances are 0.0001; the difference's standard error is the root of 2 * 0.0001 / 3.
    near = Comparison("digits", "layer", [0.90, 0.91, 0.92], [0.91, 0.92, 0.93])
    assert near.difference == pytest.approx(-0.01)
    assert near.standard_error == pytest.approx((2 * 0.0001 / 3) ** 0.5)
    assert near.goal.is_met
    far = Comparison("digits", "layer", [0.90, 0.91, 0.92], [0.93, 0.94, 0.95])
    assert not far.goal.is_met


def test_the_table_has_both_sides() -> None:
    row = Comparison("digits", "batch", [0.5, 0.7], [0.6, 0.6]).row()
    line = markdown([row]).splitlines()[2]
    assert line == "| digits | batch | 0.6000 ± 0.1414 | 0.6000 ± 0.0000 | +0.0000 | 0.1000 |"
