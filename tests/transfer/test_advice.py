"""Advice: what it recommends for which table, and that it says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.transfer.advice import TableFacts, advise, training_hours
from pipeline.transfer.checkpoints import EncoderConfig

MINILM = EncoderConfig(
    "bert", 30_522, 384, 6, 12, 1_536, 512, 2, "gelu", 1e-12, 0.1, 0.1, 0.1, 0, 0.02
)
LARGE = replace(MINILM, hidden_size=1_024, intermediate_size=4_096, num_hidden_layers=24)
FACTS = TableFacts(
    rows=5_000,
    smallest_class=2_000,
    classes=2,
    tokens=30.0,
    unknown=0.0,
    pieces=1.2,
    workers=2,
    cores=1,
    gpus=0,
    has_own_head=False,
)


@pytest.mark.parametrize(
    ("changed", "strategy", "reason"),
    [
        ({}, "frozen_then_fine_tune", "the new layers should learn first"),
        ({"rows": 12, "smallest_class": 5}, "as_is", "label more rows"),
        ({"rows": 12, "smallest_class": 5, "has_own_head": True}, "as_is", "own head has these"),
        ({"rows": 5, "smallest_class": 5, "classes": 0}, "frozen", "fewest weights to learn"),
        ({"rows": 100, "smallest_class": 40}, "frozen", "as accurate as training all weights"),
        ({"rows": 60_000}, "fine_tune", "enough to train all weights at once"),
        ({"rows": 3_000_000, "tokens": 200.0}, "frozen", "That is long"),
        ({"rows": 900_000, "unknown": 0.2, "gpus": 1}, "from_scratch", "learn this language"),
        ({"rows": 100, "smallest_class": 40, "pieces": 4.0}, "frozen_then_fine_tune", "few to"),
        ({"rows": 16, "smallest_class": 8, "pieces": 4.0}, "frozen", "unlike"),
        ({"rows": 16, "smallest_class": 8, "pieces": 4.0}, "frozen", "too few to train all"),
        ({"rows": 500, "smallest_class": 200, "pieces": 4.0}, "frozen_then_fine_tune", "enough"),
    ],
)
def test_what_suits_a_table(changed: dict[str, Any], strategy: str, reason: str) -> None:
    found = advise(replace(FACTS, **changed), MINILM)
    assert found.strategy == strategy
    assert reason in str(found)


def test_the_reasons_name_what_was_seen() -> None:
    told = str(advise(replace(FACTS, unknown=0.012), MINILM))
    assert "5,000 labelled rows of 2 classes, 2,000 of the rarest, 30 tokens each" in told
    assert "1.2 word pieces a word, 1.2 % of the tokens unknown" in told
    assert "with 2 workers on CPU" in told
    assert repr(advise(FACTS, MINILM)) == str(advise(FACTS, MINILM))  # what a notebook shows
    assert "with 1 worker on GPU" in str(advise(replace(FACTS, workers=1, gpus=1), MINILM))


def test_a_larger_network_takes_longer_and_gpus_less() -> None:
    small, large = training_hours(FACTS, MINILM), training_hours(FACTS, LARGE)
    assert large > 20 * small
    assert training_hours(replace(FACTS, gpus=1), LARGE) < large / 50
    assert training_hours(replace(FACTS, rows=10_000), MINILM) == pytest.approx(2 * small)
