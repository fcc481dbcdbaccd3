"""Everybody in turn, repeat by repeat; a repeat under foreign load is done again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.boosting.contenders import Contender
from benchmarks.boosting.load import Meter
from benchmarks.boosting.options import MLLIB, Options
from benchmarks.boosting.results import Figures, Timing

_TRIES = 3
_WARM_UP = 10
"""Rounds: processes are there, code is compiled."""


class Comparison:
    """Measures contenders against each other.

    Parameters
    ----------
    meter : Meter
        Watches the machine.
    options : Options
        How many rounds; whether foreign load matters.
    """

    def __init__(self, meter: Meter, options: Options) -> None:
        self._meter = meter
        self._options = options

    def measure(
        self, contenders: Sequence[Contender], figures: Mapping[str, Figures], repeats: int
    ) -> None:
        """Fill in figures, by the contenders' names."""
        named = {contender.name: contender for contender in contenders}
        for name in named:
            named[name].fit(min(_WARM_UP, self._options.rounds))
            sys.stderr.write(f"{name}: warm\n")
        order = list(schedule(list(named), repeats, self._options.mllib_repeats))
        for at, name in enumerate(order):
            timing, discarded = self._repeat(named[name])
            figures[name].timings.append(timing)
            figures[name].discarded += discarded
            sys.stderr.write(f"{at + 1}/{len(order)} {name} {_words(timing)}\n")
            if name not in order[at + 1 :]:
                figures[name].auc = named[name].auc()
                figures[name].note = named[name].note()

    def _repeat(self, contender: Contender) -> tuple[Timing, int]:
        """A repeat, and how many were discarded before it; the least loaded if all of them were."""
        tried: list[tuple[float, Timing]] = []
        for _ in range(_TRIES):
            if not self._options.noisy:
                self._meter.wait_until_quiet()
            timing, load = self._meter.measure(
                contender.pids, lambda: contender.fit(self._options.rounds)
            )
            timing.cpu, timing.is_quiet = load.cpu_s * timing.times, load.is_quiet
            if timing.is_quiet or self._options.noisy:
                return timing, len(tried)
            tried.append((load.foreign, timing))
            sys.stderr.write(
                f"{contender.name} {_words(timing)}: discarded, others used {load.foreign:.2f} "
                "cores\n"
            )
        return min(tried, key=lambda pair: pair[0])[1], len(tried) - 1


def schedule(names: Sequence[str], repeats: int, mllib_repeats: int) -> Iterator[str]:
    """Who comes when: one after the other, again and again."""
    counts = {name: mllib_repeats if name == MLLIB else repeats for name in names}
    for turn in range(max(counts.values())):
        yield from (name for name in names if turn < counts[name])


def _words(timing: Timing) -> str:
    loop = "" if timing.loop is None else f", loop {timing.loop:.2f} s"
    return f"{timing.seconds:.2f} s{loop}, CPU {timing.cpu:.1f} s"
