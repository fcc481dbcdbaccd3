"""One run: processes, measurements in turn, results and goals."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import common
from benchmarks.boosting.load import Meter
from benchmarks.boosting.remote import Remote
from benchmarks.deep import results
from benchmarks.deep.options import Options
from benchmarks.deep.results import Figures
from pipeline.spark.collectives import Horovod

_HEAP_MB = 1_536
_TRIES = 3
# PyTorch has no lock file here yet, and the contender no process.
_MISSING = "skipped: the same network under pyspark's TorchDistributor (no environment for PyTorch)"


@dataclass(frozen=True)
class Contender:
    """A way to train.

    Parameters
    ----------
    name : str
        What it is called in the results.
    remotes : sequence of Remote
        Whose processes do the work.
    rows : int
        Rows of an epoch.
    run : callable
        Of a batch size and a number of epochs: seconds of each epoch.
    """

    name: str
    remotes: Sequence[Remote]
    rows: int
    run: Callable[[int, int], list[float]]

    @property
    def pids(self) -> list[int]:
        """Its processes; their descendants belong to it, too."""
        return [pid for remote in self.remotes for pid in remote.pids]


def run(options: Options) -> int:
    """Measure; 1 when goals are to be checked and one is missed."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.stderr.write("deep: two cores are needed\n")
        return 1
    table: dict[tuple[str, int], Figures] = {}
    with _contenders(options, cores) as contenders:
        meter = Meter(sorted({pid for each in contenders for pid in each.pids}))
        for batch in options.batches:
            _measure(contenders, batch, meter, options, table)
    found = results.rows(table.values())
    common.append(results.PATH, results.FIELDS, found)
    sys.stdout.write(f"\n{results.markdown(found)}\n\n{_MISSING}\n\n")
    goals = results.goals(table, options.batches)
    for goal in goals:
        sys.stdout.write(f"{goal}\n")
    # Without one of the contenders nothing is proved.
    return int(options.check)


@contextmanager
def _contenders(options: Options, cores: list[int]) -> Iterator[list[Contender]]:
    from benchmarks.deep.plain import Plain
    from benchmarks.deep.session import Session

    first, second = cores
    rows = options.rows
    with contextlib.ExitStack() as stack:

        def begin(make: Any, *arguments: Any) -> Remote:
            return stack.enter_context(Remote(make, *arguments))

        one, other = begin(Plain, rows, [first]), begin(Plain, rows, [second])
        both = begin(Plain, rows, cores)
        two = begin(Session, [[first], [second]], rows, _HEAP_MB // 2)
        wide = begin(Session, [cores], rows, _HEAP_MB)
        yield [
            Contender(results.ONE, [one], rows, lambda b, e: one.call("train", b, e, None)),
            Contender(results.BOTH, [both], rows, lambda b, e: both.call("train", 2 * b, e, None)),
            Contender(results.APART, [one, other], 2 * rows, _apart(one, other)),
            Contender(results.BARE, [one, other], 2 * rows, _together(one, other)),
            Contender(results.OURS_TWO, [two], 2 * rows, lambda b, e: two.call("train", b, e)),
            Contender(results.OURS, [wide], 2 * rows, lambda b, e: wide.call("train", b, e)),
            Contender(
                results.FEEDING, [one], rows, lambda b, _e: [0.0, rows / one.call("feed", b)]
            ),
        ]


def _apart(one: Remote, other: Remote) -> Callable[[int, int], list[float]]:
    def train(batch: int, epochs: int) -> list[float]:
        for remote in (one, other):
            remote.ask("train", batch, epochs, None)
        return [max(pair) for pair in zip(one.answer(), other.answer(), strict=True)]

    return train


def _together(one: Remote, other: Remote) -> Callable[[int, int], list[float]]:
    def train(batch: int, epochs: int) -> list[float]:
        host = Horovod()
        invitation = host.invite("127.0.0.1", 2)
        for rank, remote in enumerate((one, other)):
            meeting = {"rank": rank, "size": 2, "invitation": invitation}
            remote.ask("train", batch, epochs, meeting)
        seconds = [max(pair) for pair in zip(one.answer(), other.answer(), strict=True)]
        host.dismiss()
        return seconds

    return train


def _measure(
    contenders: Sequence[Contender],
    batch: int,
    meter: Meter,
    options: Options,
    table: dict[tuple[str, int], Figures],
) -> None:
    for each in contenders:
        table[each.name, batch] = Figures(each.name, batch)
        each.run(batch, 2)
    for number in range(options.repeats):
        for each in contenders:
            seconds, discarded = _repeat(each, batch, meter, options)
            figures = table[each.name, batch]
            figures.rates.append(each.rows / min(seconds[1:]))
            figures.discarded += discarded
            sys.stderr.write(
                f"batch {batch}, {number + 1}/{options.repeats} {each.name}: "
                f"{figures.rates[-1]:.0f} rows/s\n"
            )
    table[results.BARE, batch].note = results.remark(table, batch)


def _repeat(
    contender: Contender, batch: int, meter: Meter, options: Options
) -> tuple[list[float], int]:
    """Seconds of each epoch, and how many repeats were discarded before."""
    tried: list[tuple[float, list[float]]] = []
    for _ in range(_TRIES):
        if not options.noisy:
            meter.wait_until_quiet()
        seconds, load = meter.measure(contender.pids, lambda: contender.run(batch, options.epochs))
        if load.is_quiet or options.noisy:
            return seconds, len(tried)
        tried.append((load.foreign, seconds))
    return min(tried, key=lambda pair: pair[0])[1], len(tried) - 1
