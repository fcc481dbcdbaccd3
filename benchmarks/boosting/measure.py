"""One run: processes, table, measurements; then results, plot and goals."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import common
from benchmarks.bagging.results import Goal
from benchmarks.boosting import goals, memory, plot, results
from benchmarks.boosting.comparison import Comparison
from benchmarks.boosting.contenders import Alone, Contender, InSession, Ranks
from benchmarks.boosting.load import Meter
from benchmarks.boosting.options import MLLIB, XGBOOST_SPARK, Options
from benchmarks.boosting.remote import Remote
from benchmarks.boosting.results import Figures
from pipeline.data import flights

_MOST_HEAP_MB = 4096
_SHARE_OF_RAM = 1 / 5
_RANKS = 2
_SAMPLED: dict[str, Any] = {"subsample": 0.5}
_BARE: dict[str, Any] = {"checkpoint_rounds": 0}


def run(options: Options) -> int:
    """Measure; 1 when goals are to be checked and one is missed."""
    if options.memory:
        return _judge(memory.run(options), is_strict=options.check)
    figures: list[Figures] = []
    with _processes(options) as processes:
        try:
            _measure(processes, options, figures)
        finally:
            # What was measured before something went wrong took long enough.
            _record(figures)
    once = {item.what: item for item in figures if item.rows == figures[0].rows}
    return _judge(goals.goals(once), is_strict=options.check)


@dataclass(frozen=True)
class _Processes:
    """Those who live through the run.

    Parameters
    ----------
    one, two, wide : Remote
        Sessions: on one Worker of two cores, on two of one core, and on one whose tasks have two
        cores, for xgboost.spark, whose worker is a task; None: nobody needs it.
    native : Remote
        All rows.
    ranks : sequence of Remote
        Every other row each.
    """

    one: Remote
    two: Remote
    wide: Remote | None
    native: Remote
    ranks: Sequence[Remote]

    @property
    def pids(self) -> list[int]:
        """Of all of them."""
        known = [self.one, self.two, self.native, *self.ranks]
        known += [] if self.wide is None else [self.wide]
        return [pid for remote in known for pid in remote.pids]


@contextmanager
def _processes(options: Options) -> Iterator[_Processes]:
    from benchmarks.boosting.native import Native, Rank
    from benchmarks.boosting.session import Session, Shape

    heap = min(_MOST_HEAP_MB, int(psutil.virtual_memory().total / 2**20 * _SHARE_OF_RAM))
    shapes = [Shape(1, 2, heap), Shape(2, 1, heap // 2)]
    if XGBOOST_SPARK not in options.skip:
        shapes.append(Shape(1, 2, heap // 2, task_cores=2))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        directory = Path(name)
        sessions = [stack.enter_context(Remote(Session, each, options.rows)) for each in shapes]
        sessions[0].call("export", directory)
        natives = [
            stack.enter_context(remote)
            for remote in (
                Remote(Native, directory),
                *(Remote(Rank, directory, rank, _RANKS) for rank in range(_RANKS)),
            )
        ]
        one, two, *more = sessions
        yield _Processes(one, two, more[0] if more else None, natives[0], natives[1:])


def _measure(processes: _Processes, options: Options, figures: list[Figures]) -> None:
    comparison = Comparison(Meter(processes.pids), options)
    contenders = _contenders(processes, options)
    once = _figures(contenders, int(processes.one.call("rows")), options)
    figures += once.values()
    comparison.measure(contenders, once, options.repeats)
    for name, sentence in goals.remarks(once).items():
        once[name].note = "; ".join(filter(None, [once[name].note, sentence]))
    for times in options.scale:
        rows = int(processes.one.call("repeat", times))
        more: list[Contender] = [
            InSession(results.OURS, processes.one, {}),
            Alone(results.NATIVE, processes.native, 2, times),
        ]
        scaled = _figures(more, rows, options)
        figures += scaled.values()
        comparison.measure(more, scaled, options.scale_repeats)


def _contenders(processes: _Processes, options: Options) -> list[Contender]:
    """Those whose loops are compared come one after the other."""
    one, two = processes.one, processes.two
    found: list[Contender] = [
        Alone(results.NATIVE_ONE, processes.native, 1),
        Alone(results.NATIVE, processes.native, 2),
        InSession(results.OURS, one, {}),
        InSession(results.OURS_BARE, one, _BARE),
        InSession(results.SAMPLED, one, _SAMPLED),
        InSession(results.SAMPLED_BARE, one, {**_SAMPLED, **_BARE}),
        Ranks(results.APART, processes.ranks, are_talking=False),
        Ranks(results.RABIT, processes.ranks, are_talking=True),
        InSession(results.OURS_TWO, two, {}),
    ]
    if processes.wide is not None:
        found.append(InSession(results.SPARK_TWO, two, {"num_workers": 2}))
        found.append(InSession(results.SPARK_ONE, processes.wide, {"num_workers": 1}))
    if MLLIB not in options.skip:
        found.append(InSession(MLLIB, one, {}))
    return found


def _figures(contenders: Sequence[Contender], rows: int, options: Options) -> dict[str, Figures]:
    columns = len(flights.FEATURES)
    return {each.name: Figures(each.name, rows, options.rounds, columns) for each in contenders}


def _record(figures: list[Figures]) -> None:
    found = results.rows(figures)
    if not found:
        return
    common.append(results.PATH, results.FIELDS, found)
    plot.draw(common.read(results.PATH), plot.PATH)
    sys.stdout.write(f"\n{results.markdown(found)}\n\n")


def _judge(found: list[Goal], *, is_strict: bool) -> int:
    for goal in found:
        sys.stdout.write(f"{goal}\n")
    return int(is_strict and not all(goal.is_met for goal in found))
