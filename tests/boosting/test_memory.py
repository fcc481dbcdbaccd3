"""Whether binned rows fit into memory, and what is done when they do not."""

from __future__ import annotations

import pytest

from pipeline.boosting.memory import Memory, batch_rows, in_memory_bytes, on_disk_bytes
from pipeline.errors import UserError

ROWS, WIDTH = 1_000_000, 100
IN_MEMORY_MB = in_memory_bytes(ROWS, WIDTH) / 2**20
ON_DISK_MB = on_disk_bytes(ROWS, WIDTH) / 2**20


def test_bins_stay_in_memory_where_they_fit() -> None:
    assert not Memory("auto", int(IN_MEMORY_MB) + 1).needs_disk(ROWS, WIDTH, 1)
    assert not Memory("auto", 64).needs_disk(1000, 10, 1)


def test_bins_go_to_disk_where_they_do_not_fit() -> None:
    assert ON_DISK_MB < IN_MEMORY_MB / 3
    assert Memory("auto", int(IN_MEMORY_MB)).needs_disk(ROWS, WIDTH, 1)
    assert Memory("auto", int(ON_DISK_MB) + 1).needs_disk(ROWS, WIDTH, 1)


def test_the_user_may_decide() -> None:
    assert Memory("always", 64).needs_disk(1000, 10, 1)
    assert not Memory("never", 1).needs_disk(ROWS, WIDTH, 1)


@pytest.mark.parametrize("mode", ["auto", "always"])
def test_rows_that_fit_neither_way_are_refused_with_figures(mode: str) -> None:
    with pytest.raises(UserError) as refused:
        Memory(mode, 40).needs_disk(ROWS, WIDTH, 1)  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"1000000 rows of 100 columns need {ON_DISK_MB:.0f} MB on this worker, also with their "
        "bins on disk, and it has 40 MB: use more workers, or workers with more memory "
        "(worker_memory_mb says what one may use)"
    )


def test_workers_of_one_host_share_what_it_has() -> None:
    alone, shared = Memory().available(1), Memory().available(4)
    assert 0 < shared < alone
    assert Memory(worker_mb=100).available(4) == 100 * 2**20


def test_xgboost_is_handed_few_rows_at_once_when_they_are_wide() -> None:
    assert batch_rows(10) > batch_rows(1000) > batch_rows(1_000_000) == 1024


def test_sparse_rows_take_what_they_store() -> None:
    assert not Memory("auto", 200).needs_disk(100_000, 1 << 18, 1, values=1_000_000)
