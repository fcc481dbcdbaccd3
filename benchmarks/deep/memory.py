"""Private memory of a worker, with few rows and with eight times as many."""

from __future__ import annotations

import sys

from benchmarks import common
from benchmarks.bagging.memory import PeakMemory
from benchmarks.bagging.results import Goal
from benchmarks.deep import results
from benchmarks.deep.options import Options
from benchmarks.deep.results import Figures
from benchmarks.deep.session import Session

_TIMES = 8
_GROWTH = 1.10
_BATCH = 1_024
_EPOCHS = 2
_HEAP_MB = 1_536


def run(options: Options) -> list[Goal]:
    """Train in a new cluster for each number of rows; append to the results."""
    sizes = (options.rows, options.rows * _TIMES)
    peaks = {rows: _peak(rows) for rows in sizes}
    figures = [
        Figures(
            f"memory, {rows} rows", _BATCH, [rate], note=f"peak RssAnon of the worker {mib:.1f} MiB"
        )
        for rows, (mib, rate) in peaks.items()
    ]
    common.append(results.PATH, results.FIELDS, results.rows(figures))
    few, many = (peaks[rows][0] for rows in sizes)
    sentence = (
        f"memory with {sizes[1]} rows ≤ {_GROWTH} x that with {sizes[0]}: {many:.1f} MiB / "
        f"{few:.1f} MiB = {many / few:.3f}"
    )
    return [Goal(sentence, many <= _GROWTH * few)]


def _peak(rows: int) -> tuple[float, float]:
    """MiB, and rows a second, of the one worker of a cluster."""
    with Session([[0]], rows // 2, _HEAP_MB) as session, PeakMemory(session.pids) as memory:
        seconds = session.train(_BATCH // 2, _EPOCHS)
    if not memory.kib:
        raise RuntimeError("no Python worker of the cluster was seen")
    sys.stderr.write(f"{rows} rows: {memory.mib:.1f} MiB\n")
    return memory.mib, rows / min(seconds)
