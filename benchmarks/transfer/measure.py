"""One run: processes, measurements in turn, results and goals."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import common
from benchmarks.boosting.load import Load, Meter
from benchmarks.boosting.remote import Remote
from benchmarks.environments import TRANSFORMERS, NoEnvironmentError
from benchmarks.transfer import plot, results
from benchmarks.transfer.checkpoint import checkpoint
from benchmarks.transfer.options import Options
from benchmarks.transfer.results import Figures
from benchmarks.transfer.workload import BATCH
from pipeline.spark.collectives import Horovod

_DROPOUTS = (0.1, 0.0)
_HEAP_MB = 768
_TRIES = 3


@dataclass(frozen=True)
class Contender:
    """What is measured.

    Parameters
    ----------
    figures : Figures
        Where to.
    pids : sequence of int
        Processes that do the work; their descendants belong to it, too.
    run : callable
        Does it; gives seconds of each pass or epoch.
    rate : callable
        Rows a second, of such seconds.
    rows : int
        That were computed in all, where that says something about the CPU time; or 0.
    """

    figures: Figures
    pids: Sequence[int]
    run: Callable[[], list[float]]
    rate: Callable[[list[float]], float]
    rows: int = 0


def run(options: Options) -> int:
    """Measure; 1 when goals are to be checked and one is missed."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.stderr.write("transfer: two cores are needed\n")
        return 1
    skipped = ""
    try:
        torch: Path | None = TRANSFORMERS.python()
    except NoEnvironmentError as error:
        torch = None
        skipped = f"skipped: transformers with PyTorch ({error})\n"
        sys.stderr.write(skipped)
    with tempfile.TemporaryDirectory() as name:
        start = checkpoint(Path(name) / "checkpoint")
        figures = [
            *_passes(options, start, cores[:1], torch),
            *_passes(options, start, cores, torch),
            *_gangs(options, start, cores),
        ]
    found = results.rows(figures)
    common.append(results.PATH, results.FIELDS, found)
    plot.draw(common.read(results.PATH), plot.PATH)
    goals = [each.goal() for each in results.comparisons(figures)]
    sys.stdout.write(f"\n{results.markdown(found)}\n\n{skipped}")
    sys.stdout.writelines(f"{goal}\n" for goal in goals)
    return int(options.check and not (torch and all(goal.is_met for goal in goals)))


def _passes(options: Options, start: Path, cores: list[int], torch: Path | None) -> list[Figures]:
    """Forward and backward, in processes of their own."""
    from benchmarks.transfer.passes import Passes
    from benchmarks.transfer.torch_process import TorchProcess

    found = []
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Remote(Passes, start, cores))
        theirs = stack.enter_context(TorchProcess(torch, start, cores)) if torch else None
        for dropout in _DROPOUTS:
            ways = [(results.OURS, ours.pids, partial(ours.call, "run"))]
            if theirs is not None:
                ways += [
                    (results.SDPA, theirs.pids, partial(theirs.run, "sdpa")),
                    (results.EAGER, theirs.pids, partial(theirs.run, "eager")),
                ]
            contenders = [
                Contender(
                    Figures(name, len(cores), dropout),
                    pids,
                    partial(call, dropout, options.passes),
                    lambda seconds: BATCH / statistics.median(seconds),
                    BATCH * options.passes,
                )
                for name, pids, call in ways
            ]
            for _, _, call in ways:
                call(dropout, 2)  # the first passes make memory and threads
            found += _in_turn(contenders, options)
    return found


def _gangs(options: Options, start: Path, cores: list[int]) -> list[Figures]:
    """Two workers: all weights, and a head on a frozen base."""
    from benchmarks.transfer.bare import Bare
    from benchmarks.transfer.session import Session

    rows, epochs, dropout = options.rows, options.epochs, _DROPOUTS[0]
    with contextlib.ExitStack() as stack:
        gang = stack.enter_context(Remote(Session, start, cores, rows, dropout, _HEAP_MB))
        bare = [stack.enter_context(Remote(Bare, start, core, rows, dropout)) for core in cores]

        def contender(
            name: str, share: float, pids: Sequence[int], run: Callable[[], list[float]]
        ) -> Contender:
            return Contender(
                Figures(name, 1, share), pids, run, lambda taken: 2 * rows / min(taken[1:])
            )

        asked = partial(gang.call)
        both = [pid for remote in bare for pid in remote.pids]
        tuned = [
            contender(results.GANG, dropout, gang.pids, partial(asked, "fine_tune", epochs)),
            contender(results.BARE, dropout, both, partial(_together, bare, epochs)),
        ]
        frozen = [
            contender(results.KEPT, 0.0, gang.pids, partial(asked, "frozen", epochs)),
            contender(results.AGAIN, 0.0, gang.pids, partial(asked, "rerun", epochs)),
        ]
        return [*_in_turn(tuned, options), *_in_turn(frozen, options)]


def _together(ranks: Sequence[Remote], epochs: int) -> list[float]:
    """Of the slower rank."""
    host = Horovod()
    invitation = host.invite("127.0.0.1", len(ranks))
    try:
        for rank, remote in enumerate(ranks):
            remote.ask("train", epochs, rank, invitation)
        taken = [remote.answer() for remote in ranks]
    finally:
        host.dismiss()
    return [max(pair) for pair in zip(*taken, strict=True)]


def _in_turn(contenders: Sequence[Contender], options: Options) -> list[Figures]:
    """Each once, then each again; who was first is last next time."""
    meter = Meter(sorted({pid for each in contenders for pid in each.pids}))
    for number in range(options.repeats):
        for each in contenders if number % 2 == 0 else reversed(contenders):
            seconds, load, discarded = _repeat(each, meter, options)
            figures = each.figures
            figures.rates.append(each.rate(seconds))
            figures.foreign.append(load.foreign)
            figures.discarded += discarded
            if each.rows:
                figures.cpu_rates.append(each.rows / load.cpu_s)
            sys.stderr.write(
                f"{number + 1}/{options.repeats} {figures.what}, {figures.threads} threads, "
                f"dropout {figures.dropout:g}: {figures.rates[-1]:.1f} rows/s, "
                f"{load.foreign:.2f} foreign cores\n"
            )
    return [each.figures for each in contenders]


def _repeat(contender: Contender, meter: Meter, options: Options) -> tuple[list[float], Load, int]:
    """Seconds of each pass or epoch, the load, and how many repeats were discarded before."""
    tried: list[tuple[list[float], Load]] = []
    for _ in range(_TRIES):
        if not options.noisy:
            meter.wait_until_quiet()
        seconds, load = meter.measure(contender.pids, contender.run)
        if load.is_quiet or options.noisy:
            return seconds, load, len(tried)
        tried.append((seconds, load))
    seconds, load = min(tried, key=lambda pair: pair[1].foreign)
    return seconds, load, len(tried) - 1
