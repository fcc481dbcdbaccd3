"""One run: processes, measurements in turn, results and goals."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.boosting.load import Meter
from benchmarks.boosting.remote import Remote
from benchmarks.deep import memory, results
from benchmarks.deep.options import Options
from benchmarks.deep.results import Exchange, Figures
from benchmarks.deep.ways import LOSSES, REMEDIES, USUAL, Way
from benchmarks.environments import TORCH, NoEnvironmentError
from pipeline.spark.collectives import Horovod

_HEAP_MB = 1_536
_TRIES = 3
# Steps in which nothing overlaps, to see who waits for whom.
_SINGLE_STEPS = 100


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
    if options.memory:
        goals = memory.run(options)
        sys.stdout.writelines(f"{goal}\n" for goal in goals)
        return int(options.check and not all(goal.is_met for goal in goals))
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.stderr.write("deep: two cores are needed\n")
        return 1
    try:
        torch: Path | None = TORCH.python()
    except NoEnvironmentError as error:
        torch = None
        skipped = f"skipped: {results.TORCH} ({error})"
        sys.stderr.write(f"{skipped}\n")
    table: dict[tuple[str, int], Figures] = {}
    with _contenders(options, cores, torch) as (contenders, ranks):
        meter = Meter(sorted({pid for each in contenders for pid in each.pids}))
        for batch in options.batches:
            _measure(contenders, batch, meter, options, table)
            table[results.BARE, batch].note = results.remark(
                table, batch, _alternating(ranks, batch)
            )
    found = results.rows(table.values())
    common.append(results.PATH, results.FIELDS, found)
    sys.stdout.write(f"\n{results.markdown(found)}\n\n")
    for batch in options.batches:
        sys.stdout.write(f"batch {batch}: {table[results.BARE, batch].note}\n")
    goals = results.goals(table, options.batches)
    for goal in goals:
        sys.stdout.write(f"{goal}\n")
    if torch is None:
        sys.stdout.write(f"{skipped}\n")
    is_proved = torch is not None and all(goal.is_met for goal in goals)
    return int(options.check and not is_proved)


@contextmanager
def _contenders(
    options: Options, cores: list[int], torch: Path | None
) -> Iterator[tuple[list[Contender], tuple[Remote, Remote]]]:
    from benchmarks.deep.plain import Plain
    from benchmarks.deep.session import Session
    from benchmarks.deep.torch_session import TorchSession

    first, second = cores
    rows = options.rows
    with contextlib.ExitStack() as stack:

        def begin(make: Any, *arguments: Any) -> Remote:
            return stack.enter_context(Remote(make, *arguments))

        one, other = begin(Plain, rows, [first]), begin(Plain, rows, [second])
        both = begin(Plain, rows, cores)
        two = begin(Session, [[first], [second]], rows, _HEAP_MB // 2)
        wide = begin(Session, [cores], rows, _HEAP_MB)
        contenders = [
            Contender(results.ONE, [one], rows, lambda b, e: one.call("train", b, e, None)),
            Contender(results.BOTH, [both], rows, lambda b, e: both.call("train", 2 * b, e, None)),
            Contender(results.APART, [one, other], 2 * rows, _apart(one, other)),
            Contender(results.BARE, [one, other], 2 * rows, _together(one, other, USUAL)),
            Contender(results.OURS_TWO, [two], 2 * rows, lambda b, e: two.call("train", b, e)),
            Contender(results.OURS, [wide], 2 * rows, lambda b, e: wide.call("train", b, e)),
            Contender(
                results.FEEDING, [one], rows, lambda b, _e: [0.0, rows / one.call("feed", b)]
            ),
        ]
        for way in (*LOSSES, *REMEDIES):
            pair = one, other
            if way.environment:
                told = dict(way.environment)
                pair = begin(Plain, rows, [first], told), begin(Plain, rows, [second], told)
            contenders.append(Contender(way.name, pair, 2 * rows, _together(*pair, way)))
        if torch is not None:
            third = begin(TorchSession, torch, [[first], [second]], rows, _HEAP_MB // 2)
            contenders.append(
                Contender(results.TORCH, [third], 2 * rows, lambda b, e: third.call("train", b, e))
            )
        yield contenders, (one, other)


def _apart(one: Remote, other: Remote) -> Callable[[int, int], list[float]]:
    def train(batch: int, epochs: int) -> list[float]:
        for remote in (one, other):
            remote.ask("train", batch, epochs, None)
        return [max(pair) for pair in zip(one.answer(), other.answer(), strict=True)]

    return train


def _together(one: Remote, other: Remote, way: Way) -> Callable[[int, int], list[float]]:
    def train(batch: int, epochs: int) -> list[float]:
        with _meetings() as (first, second):
            one.ask("train", batch, epochs, first, way)
            other.ask("train", batch, epochs, second, way)
            return [max(pair) for pair in zip(one.answer(), other.answer(), strict=True)]

    return train


def _alternating(ranks: tuple[Remote, Remote], batch: int) -> list[Exchange]:
    """Of steps in which nothing overlaps."""
    one, other = ranks
    with _meetings() as (first, second):
        one.ask("exchanges", batch, _SINGLE_STEPS, first)
        other.ask("exchanges", batch, _SINGLE_STEPS, second)
        return [
            Exchange(max(a[0], b[0]), a[1], b[1])
            for a, b in zip(one.answer(), other.answer(), strict=True)
        ]


@contextmanager
def _meetings() -> Iterator[list[dict[str, Any]]]:
    """What two ranks need to find each other."""
    host = Horovod()
    invitation = host.invite("127.0.0.1", 2)
    try:
        yield [{"rank": rank, "size": 2, "invitation": invitation} for rank in range(2)]
    finally:
        host.dismiss()


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
