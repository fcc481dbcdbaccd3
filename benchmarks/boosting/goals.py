"""What should hold between the figures, and what else they tell; of the least of the repeats."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bagging.results import Goal
from benchmarks.boosting.results import (
    APART,
    NATIVE,
    OURS,
    OURS_BARE,
    OURS_TWO,
    RABIT,
    SAMPLED,
    SAMPLED_BARE,
    SPARK_ONE,
    SPARK_TWO,
    Figures,
)

_OVER_NATIVE = 1.10
_OVER_LOOP_S = 3.0
_FASTER_THAN_TWO = 3.0
_FASTER_THAN_BEST = 1.3
_AUC_LOSS = 0.003


def goals(figures: Mapping[str, Figures]) -> list[Goal]:
    """What should hold between those that were measured."""
    ours, native = figures[OURS], figures[NATIVE]
    most = ours.loop + _OVER_LOOP_S
    found = [
        _loop(ours, native),
        Goal(
            f"{OURS}: whole fit ≤ loop + {_OVER_LOOP_S:g} s: {ours.seconds:.2f} s, at most "
            f"{ours.loop:.2f} s + {_OVER_LOOP_S:g} s = {most:.2f} s",
            ours.seconds <= most,
        ),
        _loop(figures[OURS_TWO], figures[RABIT]),
    ]
    peers = [figures[name] for name in (SPARK_TWO, SPARK_ONE) if name in figures]
    if peers:
        best = min(peers, key=lambda peer: peer.seconds)
        found += [
            _faster(ours, peers[0], _FASTER_THAN_TWO),
            _faster(ours, best, _FASTER_THAN_BEST, ", its best setting"),
        ]
    found += [_auc(each, native) for each in (ours, figures[OURS_TWO])]
    return found


def remarks(figures: Mapping[str, Figures]) -> dict[str, str]:
    """What has no goal, as a sentence for the contender that it is about."""
    found = {}
    rabit, apart = figures[RABIT], figures[APART]
    for name in (RABIT, OURS_TWO):
        more = figures[name].loop - apart.loop
        found[name] = (
            f"{more / figures[name].loop:.1%} of the loop is not the work of the same processes "
            f"apart ({apart.loop:.2f} s)"
            + (": allreduce, and waiting for each other" if name == RABIT else "")
        )
    per_round = (rabit.loop - apart.loop) / rabit.rounds
    found[RABIT] += f"; {per_round * 1000:.2f} ms of a round"
    for name, bare in ((OURS, OURS_BARE), (SAMPLED, SAMPLED_BARE)):
        cost = figures[name].loop / figures[bare].loop - 1
        found[name] = f"checkpoints cost {cost:+.1%} of the loop"
    return found


def _loop(ours: Figures, theirs: Figures) -> Goal:
    return Goal(
        f"{ours.what}: loop ≤ {_OVER_NATIVE:.2f} x {theirs.what}: {ours.loop:.2f} s / "
        f"{theirs.loop:.2f} s = {ours.loop / theirs.loop:.3f}",
        ours.loop <= _OVER_NATIVE * theirs.loop,
    )


def _faster(ours: Figures, peer: Figures, wanted: float, what: str = "") -> Goal:
    times = peer.seconds / ours.seconds
    return Goal(
        f"{peer.what}{what} / {ours.what}, whole fits ≥ {wanted:g}: {peer.seconds:.2f} s / "
        f"{ours.seconds:.2f} s = {times:.2f}",
        times >= wanted,
    )


def _auc(ours: Figures, native: Figures) -> Goal:
    if ours.auc is None or native.auc is None:
        raise ValueError("a model without an AUC")
    return Goal(
        f"test AUC of {ours.what} ≥ {native.what}'s - {_AUC_LOSS}: {ours.auc:.4f}, "
        f"{native.auc:.4f} ({ours.auc - native.auc:+.4f})",
        ours.auc >= native.auc - _AUC_LOSS,
    )
