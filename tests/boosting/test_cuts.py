"""Borders of bins that are found for a few columns at a time are those that XGBoost finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.boosting import cuts
from pipeline.boosting.memory import Memory
from pipeline.boosting.rounds import train_rounds
from pipeline.boosting.task import RowRoles
from pipeline.spark.shard_file import ShardRows
from tests.boosting import small_tasks


def _rows(rows: int) -> ShardRows:
    """Columns of every kind: constant, empty, few values, negative, huge, coded categories."""
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(rows, 9)).astype(np.float32)
    matrix[:, 1] = np.round(matrix[:, 1])
    matrix[:, 2] = rng.integers(0, 2, rows)
    matrix[:, 4] = 7.0
    matrix[:, 6] = -np.abs(matrix[:, 6]) * 1e6
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    matrix[:, 5] = np.nan
    matrix[:, 3] = rng.integers(0, 12, rows)
    labels = np.nan_to_num(matrix[:, 0]) + matrix[:, 3] % 3 + matrix[:, 6] / 1e6
    weights = rng.random(rows).astype(np.float32)
    return ShardRows(np.arange(rows), matrix, np.nan_to_num(labels).astype(np.float32), weights)


def test_a_booster_of_bins_on_disk_is_the_one_of_bins_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "COLUMNS_AT_ONCE", 2)
    monkeypatch.setattr("pipeline.boosting.parts.COLUMNS_AT_ONCE", 2)
    rows = small_tasks.shards(tmp_path / "rows", _rows(4000), _rows(500))
    roles = RowRoles(("q", "q", "q", "c", *("q",) * 5))
    made = []
    for mode in ("never", "always"):
        task = small_tasks.task(
            tmp_path / mode, rows, roles=roles, memory=Memory(mode), params={"max_depth": 5}
        )
        found = train_rounds(task, small_tasks.lonely_worker())
        assert found["on_disk"] == (mode == "always")
        made.append((tmp_path / mode / "booster.ubj").read_bytes())
    assert made[0] == made[1]
