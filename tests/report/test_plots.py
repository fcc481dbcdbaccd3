"""Figures as parts of a page."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from pipeline.report.drawing import Plot, looks
from pipeline.report.model_card import ModelResult
from pipeline.report.plots import plots
from tests.report.samples import plain, three, with_test


@pytest.fixture(scope="module")
def drawn() -> dict[str, Plot]:
    return {plot.key: plot for plot in plots(three())}


def test_all_figures_are_there(drawn: dict[str, Plot]) -> None:
    assert list(drawn) == [
        "roc", "pr", "calibration", "gap", "time", "oob", "replicas0", "importance0", "history1",
        "history2",
    ]  # fmt: skip
    assert all(plot.alt and plot.caption and plot.title for plot in drawn.values())


def test_figures_can_stand_in_one_page(drawn: dict[str, Plot]) -> None:
    seen: set[str] = set()
    for plot in drawn.values():
        ElementTree.fromstring(plot.svg)
        assert "http" not in plot.svg
        assert "xmlns" not in plot.svg
        assert len(plot.svg) < 60_000
        ids = re.findall(r'\bid="([^"]+)"', plot.svg)
        assert seen.isdisjoint(ids)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', plot.svg)) <= set(ids)
        seen.update(ids)


def test_texts_keep_their_decimals(drawn: dict[str, Plot]) -> None:
    area = three()[1].score("test", "auc")
    assert f"boosting ({area:.3f})" in drawn["roc"].svg
    assert "kept: round 219" in drawn["history1"].svg


def test_hostile_names_are_text() -> None:
    name = r"_$\frac{<script>&"
    result = replace(three()[1], name=name)
    for plot in plots([result]):
        ElementTree.fromstring(plot.svg)
        assert "<script" not in plot.svg
    assert any("$\\frac{&lt;script&gt;&amp;" in plot.svg for plot in plots([result]))


def test_figures_without_numbers_are_left_out() -> None:
    assert plots([ModelResult("x", {}, {})]) == []
    assert [plot.key for plot in plots([with_test("x", 0.8)])] == ["time"]
    gap_only = ModelResult("x", {}, {"train": plain(0.4), "test": plain(0.3)})
    assert [plot.key for plot in plots([gap_only])] == ["gap"]


def test_a_history_of_one_point_is_none() -> None:
    metadata = {"metrics": {"history": [{"round": 0, "validation.auc": 0.5, "note": "x"}]}}
    assert plots([ModelResult("x", metadata, {})]) == []


def test_each_kind_keeps_its_colour() -> None:
    assert looks(["deep", "other"])["deep"] == looks(["bagging", "boosting", "deep"])["deep"]
    many = looks([f"m{at}" for at in range(12)])
    assert len({look.colour for look in many.values()}) == 7
    assert len({look.colour for look in looks(["bagging", "x", "y", "deep"]).values()}) == 4
