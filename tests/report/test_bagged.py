"""Figures of bagged models."""

from __future__ import annotations

from dataclasses import replace

from pipeline.report.bagged import bagged_plots
from pipeline.report.drawing import looks
from pipeline.report.model_card import ModelResult
from tests.report.samples import three


def _plots(*results: ModelResult) -> list[str]:
    styles = looks([result.name for result in results])
    return [plot.alt for plot in bagged_plots(results, styles)]


def test_the_error_by_number_of_replicas_and_the_importance_of_columns() -> None:
    curve, importance = _plots(*three())
    assert curve == "Out-of-bag error of bagging: 0.333 with 1 replicas, 0.213 with 300."
    assert importance.startswith("Permutation importance for bagging: dep_delay 0.1200, carrier")


def test_the_caption_says_how_many_replicas_are_enough() -> None:
    plot = bagged_plots(three(), looks(["bagging", "boosting", "deep"]))[0]
    assert "64 come within 1 %" in plot.caption


def test_what_is_not_there_is_left_out() -> None:
    bag = three()[0]
    metrics = {**bag.metadata["metrics"], "history": bag.history[:1]}
    assert _plots(replace(bag, metadata={"metrics": metrics})) == []
    broken = {"metrics": {"history": [{"replicas": None}] * 3}, "importance": [1, {"feature": "x"}]}
    assert _plots(replace(bag, metadata=broken)) == []
