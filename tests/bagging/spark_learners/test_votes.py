"""Replicas in blocks, and what a block may not count."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.bagging.spark_learners.votes import Block, _require_numbers, blocks_of
from pipeline.errors import DataError


def test_blocks_hold_the_points_of_their_replicas_and_end_with_one() -> None:
    assert blocks_of(0, 5, (1, 2, 5), 3) == [
        Block(range(0, 3), (1, 2, 3)),
        Block(range(3, 5), (5,)),
    ]
    assert blocks_of(2, 4, (2, 4), 32) == [Block(range(2, 4), (4,))]


def test_predictions_that_are_no_numbers_are_refused() -> None:
    scores = np.zeros((3, 2, 1))
    scores[1, 1] = np.nan
    with pytest.raises(DataError, match="replica 5 predicts NaN"):
        _require_numbers(scores, Block(range(4, 6), (6,)))
