"""Rows that one process has, as a training's source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.deep.sources import OwnRows
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter


def test_a_process_has_training_rows_only(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "s", 1, is_sparse=False, is_weighted=False) as writer:
        labels = np.zeros(5, np.float32)
        writer.add(ShardRows(np.arange(5), np.zeros((5, 1), np.float32), labels))
    source = OwnRows(Shard(tmp_path / "s"))
    assert source.rows == {"train": 5, "validation": 0}
    assert source.sizes == {"train": (5,), "validation": (0,)}
    assert source.open("train", 0).rows == 5
    with pytest.raises(ValueError, match="no validation rows"):
        source.open("validation", 0)
