"""Params of text estimators: what they are by default, and what they may be."""

from __future__ import annotations

import pytest

from pipeline.errors import UserError
from pipeline.transfer import TextClassifier
from pipeline.transfer.strategies import PLANS, STRATEGIES
from pipeline.transfer.text_params import to_descriptions


def test_defaults_are_those_of_the_strategy_unless_they_are_set() -> None:
    made = TextClassifier(epochs=7)
    assert not made.isDefined("learning_rate")
    assert made.of_strategy("fine_tune", "learning_rate") == 5e-5
    assert made.of_strategy("from_scratch", "learning_rate") == 3e-4
    assert made.of_strategy("from_scratch", "epochs") == 7
    assert made.value("optimiser") == "adamw"
    assert made.value("learning_rate_schedule")["kind"] == "cosine"


def test_each_strategy_says_what_it_goes_by_and_what_is_set_in_vain() -> None:
    made = TextClassifier(epochs=7, head_epochs=3, layer_decay=0.5, descriptions={"a": "b"})
    assert made.used("fine_tune") == {
        "learning_rate": 5e-5,
        "epochs": 7,
        "warmup_epochs": 0.3,
        "layer_decay": 0.5,
        "head_learning_rate": 1e-3,
    }
    assert made.used("frozen") == {"head_learning_rate": 1e-3, "head_epochs": 3}
    assert made.unused("fine_tune") == ["head_epochs", "descriptions"]
    assert made.unused("frozen") == ["epochs", "layer_decay", "descriptions"]
    assert made.unused("frozen_then_fine_tune") == ["descriptions"]
    assert made.unused("from_scratch") == ["head_epochs", "descriptions"]
    assert made.unused("as_is") == ["epochs", "layer_decay", "head_epochs"]


def test_the_help_says_when_each_strategy_is_right() -> None:
    told = TextClassifier().explainParam("strategy")
    for name, reason in STRATEGIES.items():
        assert f"{name} ({reason})" in told
    assert set(PLANS) | {"as_is", "advise"} == set(STRATEGIES)


def test_a_description_is_a_text_or_several() -> None:
    assert to_descriptions({1: "one", "two": ("a", "b")}) == {"1": ["one"], "two": ["a", "b"]}
    with pytest.raises(TypeError, match="descriptions are a map of class to text"):
        to_descriptions(["good"])
    with pytest.raises(UserError, match="the description of good must be a text, or several"):
        TextClassifier(descriptions={"good": []})
