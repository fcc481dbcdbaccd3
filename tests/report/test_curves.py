"""Points of the curves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.report import curves
from pipeline.report.evaluation import BinnedCounts
from tests.report.samples import binary, plain

PERFECT = BinnedCounts(negatives=(50, 0, 0, 0), positives=(0, 0, 0, 50))


def test_a_roc_curve_encloses_the_auc() -> None:
    evaluation = binary(5000, 1.5)
    assert evaluation.curves is not None
    line = curves.roc(evaluation.curves)
    assert (line.x[0], line.y[0]) == (0, 0)
    assert (line.x[-1], line.y[-1]) == (1, 1)
    assert np.trapz(line.y, line.x) == pytest.approx(evaluation.auc, abs=0.003)


def test_a_perfect_model_has_perfect_curves() -> None:
    assert np.trapz(curves.roc(PERFECT).y, curves.roc(PERFECT).x) == 1
    line = curves.precision_recall(PERFECT)
    assert line.y[line.x <= 1].max() == 1
    assert line.y[-1] == 0.5


def test_few_points_are_kept() -> None:
    evaluation = binary(20_000, 1.5)
    assert evaluation.curves is not None
    assert len(curves.roc(evaluation.curves).x) < 400
    assert len(curves.precision_recall(evaluation.curves).x) < 500


def test_groups_of_few_rows_are_not_calibrated() -> None:
    counts = BinnedCounts(negatives=(30, 0, 5, 10), positives=(10, 0, 5, 30))
    line = curves.calibration(counts, groups=4)
    assert line.x.tolist() == [0.125, 0.875]
    assert line.y.tolist() == [0.25, 0.75]


def test_curves_need_both_classes() -> None:
    assert curves.usable(PERFECT)
    assert not curves.usable(None)
    assert not curves.usable(BinnedCounts((3, 0), (0, 0)))
    assert math.isnan(curves.positive_share(BinnedCounts((0,), (0,))))


def test_more_rows_make_the_margin_smaller() -> None:
    wide, narrow = curves.auc_margin(binary(500, 1.5)), curves.auc_margin(binary(20_000, 1.5))
    assert 0 < narrow < wide < 0.1
    assert math.isnan(curves.auc_margin(plain(0.7)))
