"""Ours, the ideal and the peers in turn, and what should hold between them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from benchmarks.bagging.contenders import (
    CORES,
    Contender,
    Ideal,
    MLlib,
    Ours,
    Sklearn,
    StartUp,
    estimator,
)
from benchmarks.bagging.options import MLLIB, SKLEARN, Options
from benchmarks.bagging.results import IDEAL, OURS, START_UP, Figures, Goal
from benchmarks.bagging.table import Table, encoded

_OVER_IDEAL = 1.5
_FASTER = {SKLEARN: 10.0, MLLIB: 15.0}
_AUC_LOSS = 0.005


def compare(table: Table, options: Options, memory_mb: int) -> Iterator[Figures]:
    """Measure everybody in turn; figures come when they are complete, one contender at a time."""
    contenders = _contenders(table, options, memory_mb)
    for contender in contenders.values():
        contender.fit(CORES)  # a tree for every core: processes are there, code is compiled
    figures = {name: Figures(name, _trees(name, options)) for name in contenders}
    order = schedule(options.repeats, options.peers)
    for at, name in enumerate(order):
        seconds = contenders[name].fit(options.replicas)
        figures[name].seconds.append(seconds)
        sys.stderr.write(f"{at + 1}/{len(order)} {name} {seconds:.2f} s\n")
        if name not in order[at + 1 :]:
            figures[name].auc = contenders[name].auc()
            figures[name].note = contenders[name].note()
            yield figures[name]


def _contenders(table: Table, options: Options, memory_mb: int) -> dict[str, Contender]:
    schema = estimator(1).fit(table.train).features
    train, test = encoded(table.train, schema), encoded(table.test, schema)
    made: list[Contender] = [StartUp(table), Ours(table), Ideal(train, schema)]
    if SKLEARN in options.peers:
        made.append(Sklearn(train, test))
    if MLLIB in options.peers:
        made.append(MLlib(table, schema, memory_mb))
    return {contender.name: contender for contender in made}


def _trees(name: str, options: Options) -> int:
    return 1 if name == START_UP else options.replicas


def schedule(repeats: int, peers: Mapping[str, int]) -> list[str]:
    """Who comes when: rounds of start-up, ours, ideal, with the peers spread over them."""
    most = max(peers.values(), default=0)
    slow = [name for turn in range(most) for name, count in peers.items() if turn < count]
    order = []
    for turn in range(repeats):
        order += [START_UP, OURS, IDEAL, *slow[turn::repeats]]
    return order


def goals(figures: Mapping[str, Figures]) -> list[Goal]:
    """What should hold between those that were measured; medians."""
    ours = figures[OURS]
    found = [_against_ideal(figures)]
    for name, wanted in _FASTER.items():
        if name in figures:
            times = figures[name].median / ours.median
            found.append(
                Goal(
                    f"{name} / ours ≥ {wanted:g}: {figures[name].median:.2f} s / "
                    f"{ours.median:.2f} s = {times:.2f}",
                    times >= wanted,
                )
            )
    if SKLEARN in figures:
        found.append(_against_auc(ours, figures[SKLEARN]))
    return found


def _against_ideal(figures: Mapping[str, Figures]) -> Goal:
    ours, ideal, start_up = (figures[name].median for name in (OURS, IDEAL, START_UP))
    most = _OVER_IDEAL * ideal + start_up
    return Goal(
        f"ours ≤ {_OVER_IDEAL} x ideal + start-up: {ours:.2f} s, at most {_OVER_IDEAL} x "
        f"{ideal:.2f} s + {start_up:.2f} s = {most:.2f} s",
        ours <= most,
    )


def _against_auc(ours: Figures, peer: Figures) -> Goal:
    if ours.auc is None or peer.auc is None:
        raise ValueError("a model without an AUC")
    return Goal(
        f"test AUC of ours ≥ {peer.what}'s - {_AUC_LOSS}: {ours.auc:.4f}, {peer.auc:.4f} "
        f"({ours.auc - peer.auc:+.4f})",
        ours.auc >= peer.auc - _AUC_LOSS,
    )
