"""Fits that share a checkpoint."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipeline import files
from pipeline.bagging.spark_learners.pool import in_threads
from pipeline.bagging.spark_learners.store import MemberStore
from pipeline.bagging.store import ReplicaStore
from pipeline.errors import ModelError


def _open(place: Path) -> MemberStore:
    return MemberStore(ReplicaStore(place.as_uri()))


def _write(uri: str) -> None:
    files.write_bytes(files.join(uri, "part-0"), uri.encode())


def test_of_two_fits_that_write_the_same_at_the_same_time_both_use_one(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def write(uri: str) -> None:
        _write(uri)
        both.wait()

    stores = [_open(tmp_path), _open(tmp_path)]
    won = list(in_threads(lambda place: stores[place].keep("replica-000000", write), [0, 1], 2))
    assert sorted(won) == [False, True]
    [directory] = [item.name for item in tmp_path.iterdir() if item.is_dir()]
    for store in [*stores, _open(tmp_path)]:
        assert store.done() == {0}
        assert list(store.natives(1, None)) == [f"{directory}/part-0"]


def test_what_another_fit_has_written_is_not_written_again(tmp_path: Path) -> None:
    first, second = _open(tmp_path), _open(tmp_path)
    directory = first.rows("out-of-bag-soft-2", _write)
    assert second.rows("out-of-bag-soft-2", _write) == directory
    assert list(second.natives(0, directory)) == [f"{directory}/part-0"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def write(uri: str) -> None:
        _write(uri)
        raise RuntimeError("broken")

    store = _open(tmp_path)
    with pytest.raises(RuntimeError, match="broken"):
        store.keep("replica-000000", write)
    assert not list(tmp_path.iterdir())
    assert store.done() == set()


@pytest.mark.parametrize("content", ["", "../replica-000000-0123abcd", "replica-000001-0123abcd"])
def test_a_mark_must_name_a_directory_of_its_own(tmp_path: Path, content: str) -> None:
    (tmp_path / "replica-000000.done").write_text(content)
    with pytest.raises(ModelError, match="damaged; delete"):
        _open(tmp_path).done()
