"""What checkpoints take of memory."""

from __future__ import annotations

import pytest

from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.memory import as_is_mb, driver_mb, weights_of

MINILM = EncoderConfig(
    "bert", 30_522, 384, 6, 12, 1_536, 512, 2, "gelu", 1e-12, 0.1, 0.1, 0.1, 0, 0.02
)
WEIGHTS_MB = 22_565_376 * 4 / 2**20


def test_a_checkpoint_that_is_not_trained_is_counted_in_copies_of_its_weights() -> None:
    assert as_is_mb(MINILM) == pytest.approx(3 * WEIGHTS_MB, rel=0.01)
    assert driver_mb(MINILM) == pytest.approx(2 * WEIGHTS_MB, rel=0.01)


def test_weights_are_counted_to_a_percent() -> None:
    assert weights_of(MINILM) == pytest.approx(22_565_376, rel=0.01)
