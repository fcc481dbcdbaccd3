"""`python -m benchmarks deep`: what is made of its figures."""

from __future__ import annotations

from benchmarks.deep import results
from benchmarks.deep.results import Exchange, Figures, goals, markdown, remark, rows
from benchmarks.deep.ways import LOSSES, REMEDIES


def _table(ours_two: float, ours: float) -> dict[tuple[str, int], Figures]:
    rates = {
        results.ONE: [90.0, 100.0],
        results.BOTH: [150.0, 160.0],
        results.APART: [180.0, 190.0],
        results.BARE: [140.0, 133.0],
        results.OURS_TWO: [ours_two],
        results.OURS: [ours],
        results.FEEDING: [700.0],
        **{way.name: [147.0] for way in REMEDIES},
        **{way.name: [175.0] for way in LOSSES},
    }
    return {(name, 64): Figures(name, 64, list(own)) for name, own in rates.items()}


def test_ours_is_held_against_bare_horovod_and_the_best_plain_mxnet() -> None:
    found = goals(_table(ours_two=135.0, ours=150.0), [64])
    assert [goal.is_met for goal in found] == [True, False, True]
    assert "135 / 140 = 0.964" in found[0].sentence
    assert "plain MXNet, both cores: 150 / 160" in found[1].sentence
    assert found[2].sentence.endswith("7.0")


def test_the_table_has_contenders_down_and_batches_across() -> None:
    table = _table(100.0, 100.0)
    table[results.ONE, 128] = Figures(results.ONE, 128, [110.0])
    lines = markdown(rows(table.values())).splitlines()
    assert lines[0] == "| rows a second, batch per worker | 64 | 128 |"
    assert "| plain MXNet, one core | 100 | 110 |" in lines
    assert "| feeding, one core | 700 |  |" in lines


def test_what_talking_costs_is_told() -> None:
    steps = [Exchange(0.004, 0.003, 0.001), Exchange(0.005, 0.002, 0.004), Exchange(9, 9, 0)]
    found = remark(_table(1.0, 1.0), 64, steps)
    assert "73.7% of the rate of the same processes apart" in found
    assert "its thread alone costs 7.9%, feeding 20.0%" in found
    assert "5.00 ms of computing" in found
    assert "1.00 ms of allreduce and 2.00 ms of waiting" in found
    assert "one group +5.0%" in found
