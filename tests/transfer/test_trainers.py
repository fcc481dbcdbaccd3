"""What a text network takes of a worker's memory."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.text_options import NETWORK, TextOptions
from pipeline.transfer.trainers import ClassTrainer, weights_of

MINILM = EncoderConfig(
    "bert", 30_522, 384, 6, 12, 1_536, 512, 2, "gelu", 1e-12, 0.1, 0.1, 0.1, 0, 0.02
)


def _own_mb(trains: Any, length: int, rows: int) -> int:
    options = TextOptions("file:///c", "d", [], MINILM, length, 1, "mean", trains=trains)
    made = ClassTrainer(network=NETWORK, network_options=options.to_json(), batch_size=rows)
    return made.own_mb


@pytest.mark.parametrize(
    ("trains", "length", "rows", "measured"),
    [("all", 64, 16, 1_040), ("all", 64, 32, 1_440), ("all", 128, 16, 1_590), ("new", 64, 32, 430)],
)
def test_memory_is_near_what_was_measured(
    trains: str, length: int, rows: int, measured: int
) -> None:
    assert measured <= 1.1 * _own_mb(trains, length, rows) <= 1.4 * measured


def test_weights_are_counted_to_a_percent() -> None:
    assert weights_of(MINILM) == pytest.approx(22_565_376, rel=0.01)
