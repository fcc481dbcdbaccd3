"""Orders of rows in which batches hold rows of like length."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.deep.grouping import by_length


def _dealt(rows: int, steps: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengths, bounds of batches, and an order."""
    rng = np.random.default_rng((rows, seed))
    lengths = rng.geometric(0.03, rows).astype(np.int32)
    turns = np.random.default_rng(5).permutation(steps)
    sizes = np.full(steps, rows // steps) + (np.arange(steps) < rows % steps)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    return lengths, bounds, by_length(rng.permutation(rows), lengths, bounds, turns)


@pytest.mark.parametrize(("rows", "steps"), [(0, 3), (2, 5), (100, 7), (5_000, 300)])
def test_every_row_comes_once(rows: int, steps: int) -> None:
    _, _, order = _dealt(rows, steps)
    assert sorted(order) == list(range(rows))


def test_batches_hold_rows_of_like_length_and_come_in_any_order() -> None:
    lengths, bounds, order = _dealt(5_000, 300)
    batches = np.split(lengths[order], bounds[1:-1])
    cut = sum(len(batch) * batch.max() for batch in batches)
    drawn = np.split(np.random.default_rng(1).permutation(lengths), bounds[1:-1])
    assert cut < 1.1 * lengths.sum()
    assert sum(len(batch) * batch.max() for batch in drawn) > 2 * lengths.sum()
    longest = np.array([batch.max() for batch in batches])
    assert abs(np.corrcoef(longest[1:], longest[:-1])[0, 1]) < 0.2


def test_rows_meet_others_in_the_next_epoch() -> None:
    pairs = []
    for seed in (0, 1):
        _, bounds, order = _dealt(1_000, 50, seed)
        batches = np.split(order, bounds[1:-1])
        pairs.append({frozenset((a, b)) for own in batches for a in own for b in own if a < b})
    assert len(pairs[0] & pairs[1]) < 0.5 * len(pairs[0])


def test_ranks_have_their_long_rows_in_the_same_steps() -> None:
    longest = []
    for rows in (3_000, 2_400):
        lengths, bounds, order = _dealt(rows, 150)
        longest.append([batch.mean() for batch in np.split(lengths[order], bounds[1:-1])])
    assert np.corrcoef(*longest)[0, 1] > 0.95
