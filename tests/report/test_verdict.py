"""Sentences that are true of the numbers."""

from __future__ import annotations

import math

from pipeline.report.advice import advice
from pipeline.report.model_card import ModelResult
from pipeline.report.verdict import verdict
from tests.report.samples import plain, three, with_test


def test_a_clear_winner() -> None:
    results = [
        with_test("bagging", 0.779, 50, log_loss=0.47),
        with_test("boosting", 0.792, 30, log_loss=0.45),
        with_test("deep", 0.77, 400, log_loss=0.48),
    ]
    assert verdict(results) == (
        "boosting has the best test AUC (0.792), 0.013 above bagging; boosting also has the lowest "
        "log loss (0.450); deep took longest to train (6 min 40 s, against 30.0 s for boosting)."
    )


def test_another_model_has_the_lowest_log_loss() -> None:
    results = [with_test("a", 0.8, log_loss=0.5), with_test("b", 0.7, log_loss=0.4)]
    assert verdict(results) == (
        "a has the best test AUC (0.800), 0.100 above b; b has the lowest log loss (0.400); "
        "training took about equally long."
    )


def test_two_share_the_lead() -> None:
    results = [
        with_test("a", 0.8001, 100, log_loss=0.4),
        with_test("b", 0.8, 98, log_loss=0.4003),
        with_test("c", 0.75, 10, log_loss=0.45),
    ]
    assert verdict(results) == (
        "a and b share the best test AUC (0.800), 0.050 above c; a and b share the lowest log loss "
        "(0.400); b and a took longest to train (1 min 40 s, against 10.0 s for c)."
    )


def test_all_level() -> None:
    text = verdict([with_test(name, 0.8, None) for name in ("a", "b", "c")])
    assert (
        text
        == "a, b and c are level on test AUC (0.800); a, b and c are level on log loss (0.500)."
    )


def test_the_lead_is_that_of_the_unrounded_scores() -> None:
    text = verdict([with_test("a", 0.79251, None), with_test("b", 0.79249, None)])
    assert text.startswith("a and b are level on test AUC")


def test_missing_scores() -> None:
    none = ModelResult("none", {}, {})
    broken = with_test("broken", math.nan, None, log_loss=math.nan)
    assert verdict([none, broken]) == "no model has a test AUC."
    assert verdict([with_test("a", 0.8, None), broken]) == (
        "a is the only model with a test AUC (0.800) (broken has none)."
    )
    assert verdict([none]) == "none has no test scores."


def test_one_model_alone() -> None:
    assert verdict([with_test("a", 0.8)]) == (
        "a reaches AUC 0.800, log loss 0.500 and accuracy 0.800 on the test rows; no other model "
        "to compare with."
    )


def test_advice_follows_the_numbers() -> None:
    tips = {tip.title: tip.text for tip in advice(three())}
    assert list(tips) == ["Ranking", "Probabilities", "Overfitting", "Cost"]
    assert "boosting" in tips["Ranking"]
    assert "8,000 test rows" in tips["Ranking"]
    assert "for bagging look at the out-of-bag error" in tips["Overfitting"]
    assert tips["Cost"].endswith("It gives up no test AUC for it.")


def test_advice_on_what_speed_costs() -> None:
    tips = {t.title: t.text for t in advice([with_test("a", 0.8, 90), with_test("b", 0.77, 30)])}
    assert "b trains in the shortest time (30.0 s). It gives up 0.030" in tips["Cost"]
    assert "Overfitting" not in tips


def test_no_advice_without_numbers() -> None:
    assert advice([ModelResult("a", {}, {})]) == []


def test_small_gaps_are_no_overfitting() -> None:
    result = ModelResult("a", {}, {"train": plain(0.8), "test": plain(0.795)})
    tips = {tip.title: tip.text for tip in advice([result])}
    assert tips["Overfitting"] == "a (+0.005): no sign of it, the gap is at most 0.01."
