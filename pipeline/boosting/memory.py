"""Whether a worker's binned rows fit into its memory, and what is done when they do not."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from typing import Literal, TypeAlias

import psutil

from pipeline.errors import UserError

Mode: TypeAlias = Literal["auto", "always", "never"]

ROW_BYTES = 60
"""Private memory of a row in training, with its bins or without: gradients, predictions, label."""
VALUE_BYTES = 5
"""Most memory of a binned value in memory; without missing values it is about two."""
COLUMN_BYTES = 5 << 19
"""Most memory of a column's summary while borders of bins are sought."""
HISTOGRAM_BYTES = 1 << 18
"""Histograms of a column, at depth 6."""
COLUMNS_AT_ONCE = 48
"""Columns whose borders are sought at the same time, where bins are kept on disk."""
BATCH_BYTES = 16 << 20
"""Values that XGBoost is handed at once with external memory."""
_MB = 1 << 20


@dataclass(frozen=True)
class Memory:
    """Where bins are kept.

    Parameters
    ----------
    mode : {"auto", "always", "never"}
        On disk when they do not fit, always, or never.
    worker_mb : int
        What a worker may use; 0: what its host has left.
    """

    mode: Mode = "auto"
    worker_mb: int = 0

    def available(self, workers_on_host: int) -> int:
        """Bytes that this worker may use."""
        if self.worker_mb:
            return self.worker_mb * _MB
        found = psutil.virtual_memory().available // max(workers_on_host, 1)
        limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if limit != resource.RLIM_INFINITY:
            found = min(found, limit - _data_bytes())
        group = _group_limit()
        return found if group is None else min(found, group // max(workers_on_host, 1))

    def needs_disk(
        self, rows: int, width: int, workers_on_host: int, values: int | None = None
    ) -> bool:
        """Whether bins must be kept on disk.

        Parameters
        ----------
        rows, width : int
            Rows of this worker's shards, training and validation, and their columns.
        workers_on_host : int
            Workers that share this host.
        values : int, optional
            Values of these rows, where not every column has one in every row.

        Raises
        ------
        UserError
            When the rows do not fit either way; says how much they need.
        """
        available = self.available(workers_on_host)
        cells = rows * width if values is None else values
        in_memory = in_memory_bytes(rows, width, cells)
        if self.mode == "never" or (self.mode == "auto" and in_memory <= available):
            needed, on_disk = in_memory, False
        else:
            needed, on_disk = on_disk_bytes(rows, width, cells), True
        if needed > available and self.mode != "never":
            raise UserError(
                f"{rows} rows of {width} columns need {needed / _MB:.0f} MB on this worker, also "
                f"with their bins on disk, and it has {available / _MB:.0f} MB: use more workers, "
                "or workers with more memory (worker_memory_mb says what one may use)"
            )
        return on_disk


def in_memory_bytes(rows: int, width: int, cells: int | None = None) -> int:
    """What training takes with all bins in memory."""
    cells = rows * width if cells is None else cells
    return rows * ROW_BYTES + cells * VALUE_BYTES + width * _of_column(width, cells)


def on_disk_bytes(rows: int, width: int, cells: int | None = None) -> int:
    """What training takes with bins on disk."""
    cells = rows * width if cells is None else cells
    at_once = min(width, COLUMNS_AT_ONCE) * _of_column(width, cells)
    histograms = width * min(HISTOGRAM_BYTES, _of_column(width, cells))
    return rows * ROW_BYTES + max(at_once, histograms) + 2 * BATCH_BYTES


def _of_column(width: int, cells: int) -> int:
    """What the borders of one column take while they are sought, by the values it has."""
    return min(COLUMN_BYTES + HISTOGRAM_BYTES, 64 * cells // max(width, 1))


def batch_rows(width: int) -> int:
    """Rows that XGBoost is handed at once with external memory."""
    return max(BATCH_BYTES // (4 * max(width, 1)), 1024)


def _data_bytes() -> int:
    """Private memory that this process has already."""
    return int(psutil.Process(os.getpid()).memory_info().data)


def _group_limit() -> int | None:
    """Memory that this process's control group may use; None: no limit."""
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(name, encoding="ascii") as file:
                text = file.read().strip()
        except OSError:
            continue
        return None if text == "max" else int(text)
    return None
