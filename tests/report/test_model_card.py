"""Reading what a model was saved with."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipeline.report.model_card import ModelResult
from tests.report.samples import plain, three


def test_the_numbers_of_a_whole_card() -> None:
    bagging, boosting, deep = three()
    assert bagging.out_of_bag_error == 0.2135
    assert boosting.best_step == 219
    assert deep.best_step == 24
    assert len(deep.history) == 30
    assert boosting.auc_gap == boosting.score("train", "auc") - boosting.score("test", "auc")
    assert "distance" in bagging.features


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"metrics": None},
        {"metrics": {"fit_seconds": "long", "history": {}, "out_of_bag": None, "best_epoch": True}},
    ],
)
def test_what_is_missing_is_not_a_number(metadata: dict[str, Any]) -> None:
    result = ModelResult("x", metadata, {"test": plain(0.7)})
    assert math.isnan(result.fit_seconds)
    assert math.isnan(result.out_of_bag_error)
    assert math.isnan(result.best_step)
    assert math.isnan(result.auc_gap)
    assert result.history == []
    assert result.features == []
