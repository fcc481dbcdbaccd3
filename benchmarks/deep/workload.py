"""What everybody trains: the network, and rows that are drawn. Needs nothing but NumPy."""

from __future__ import annotations

import numpy as np

COLUMNS = 24
HIDDEN = (256, 128, 64)
LEARNING_RATE = 0.001
ANSWER = "answer "
"""Begins what PyTorch's driver answers: TorchDistributor writes lines of its own."""


def rows_of(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are drawn, and labels that follow from them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, COLUMNS)).astype(np.float32)
    return rows, (rows[:, :4].sum(axis=1) + rng.normal(size=count)).astype(np.float32)
