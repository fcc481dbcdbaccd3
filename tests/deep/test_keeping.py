"""Checkpoints of networks: what is read is what was written, and trouble does not end training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.deep.communication import Alone, OnlyRank
from pipeline.deep.keeping import Keeper, Standing
from pipeline.store.checkpoints import Checkpoints, Kept


class Listening(OnlyRank):
    """A rank whose reports are read."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        object.__setattr__(self, "heard", [])

    def report(self, kind: str, **data: Any) -> None:
        self.heard.append((kind, data))  # type: ignore[attr-defined]


def _standing(epochs: int) -> Standing:
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros(0, np.float32)]
    memory = {"updates": np.array(7), "0.0": np.full((2, 3), np.nan, np.float32)}
    return Standing(epochs, weights, weights[:1], memory, {"best": {"value": float("inf")}})


def _kept(directory: Path, every: int = 2) -> Kept:
    return Kept(Checkpoints((directory / "kept").as_uri(), "epoch"), every)


def test_a_training_is_kept_and_found_again(tmp_path: Path) -> None:
    rank: Any = Listening()
    keeper = Keeper(_kept(tmp_path), rank, Alone())
    assert keeper.where_it_stands() is None
    assert [epochs for epochs in range(1, 7) if keeper.is_due(epochs)] == [2, 4, 6]
    keeper.save(_standing(2))
    keeper.save(_standing(4))
    found = Keeper(_kept(tmp_path), rank, Alone()).where_it_stands()
    assert found is not None
    assert found.epochs == 4
    for written, read in zip(_standing(4).weights, found.weights, strict=True):
        assert (written == read).all()
        assert written.dtype == read.dtype
    assert len(found.best_weights) == 1
    assert int(found.memory["updates"]) == 7
    assert np.isnan(found.memory["0.0"]).all()
    assert found.state["best"]["value"] == float("inf")
    assert rank.heard == [("note", {"text": "goes on after epoch 4"})]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "epoch-000002.zip",
        "epoch-000004.zip",
    ]


def test_nothing_is_kept_where_nothing_is_asked_for(tmp_path: Path) -> None:
    for kept in (None, _kept(tmp_path, every=0)):
        keeper = Keeper(kept, OnlyRank(1), Alone())
        assert not keeper.is_due(2)
        assert keeper.where_it_stands() is None
        keeper.save(_standing(2))
    assert not (tmp_path / "kept").exists()


def test_a_disk_that_takes_nothing_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the directory should be")
    rank: Any = Listening()
    keeper = Keeper(_kept(tmp_path), rank, Alone())
    keeper.save(_standing(2))
    keeper.save(_standing(4))
    ((kind, data),) = rank.heard
    assert kind == "note"
    assert data["text"].startswith("no more checkpoints after epoch 2: ")
    assert data["is_warning"]


def test_no_pickle_is_read() -> None:
    evil = Standing(1, [np.array([{"a": 1}], dtype=object)], [], {}, {})
    with pytest.raises(ValueError, match="allow_pickle"):
        Standing.shared(evil.checkpoint(), Alone())
