"""Ours with few trees and with many: time, and memory of a Python worker."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from benchmarks.bagging.contenders import CORES, Ours
from benchmarks.bagging.memory import PeakMemory
from benchmarks.bagging.options import Options
from benchmarks.bagging.results import CURVE, Figures, Goal
from benchmarks.bagging.table import Table

_GROWTH = 1.10


def measure(table: Table, options: Options, pids: Sequence[int]) -> Iterator[Figures]:
    """Fit with each number of trees in turn, in the same Python workers.

    Scoring comes last: workers keep the models that they have scored with, which would count.
    """
    ours = Ours(table)
    ours.fit(CORES)
    figures = [Figures(CURVE, replicas, memory_mib=0.0) for replicas in options.curve]
    for _ in range(options.repeats):
        for item in figures:
            with PeakMemory(pids) as memory:
                item.seconds.append(ours.fit(item.replicas))
            item.memory_mib = max(item.memory_mib or 0.0, memory.mib)
            item.note = ours.note()
            sys.stderr.write(
                f"{item.replicas} trees {item.seconds[-1]:.2f} s, {memory.mib:.1f} MiB\n"
            )
    figures[-1].auc = ours.auc()
    yield from figures


def goals(figures: Sequence[Figures]) -> list[Goal]:
    """Memory must not grow with the replicas."""
    few, many = figures[0], figures[-1]
    if not few.memory_mib or not many.memory_mib:
        raise ValueError("no Python worker of the cluster was seen")
    growth = many.memory_mib / few.memory_mib
    return [
        Goal(
            f"memory with {many.replicas} replicas ≤ {_GROWTH} x that with {few.replicas}: "
            f"{many.memory_mib:.1f} MiB / {few.memory_mib:.1f} MiB = {growth:.3f}",
            growth <= _GROWTH,
        )
    ]
