"""When training stops early."""

from __future__ import annotations

import json
import math

import pytest

from pipeline.boosting.stopping import EarlyStopping, Patience


def _stopped_at(patience: Patience, values: list[float], name: str = "rmse") -> tuple[int, int]:
    """The round after which training stops, and the best one."""
    stopping = EarlyStopping(patience)
    for number, value in enumerate(values):
        if stopping.add(number, {name: value}):
            return number, stopping.best_round
    return len(values), stopping.best_round


def test_it_stops_so_many_rounds_after_the_best() -> None:
    values = [5.0, 4.0, 4.5, 4.0, 4.1, 3.0]
    assert _stopped_at(Patience(2), values) == (3, 1)
    assert _stopped_at(Patience(4), values) == (6, 5)


def test_greater_is_better_for_metrics_that_are_known_so_or_said_to_be() -> None:
    values = [0.5, 0.7, 0.6, 0.65]
    assert _stopped_at(Patience(2), values, "auc") == (3, 1)
    assert _stopped_at(Patience(2), values, "ndcg@5") == (3, 1)
    assert _stopped_at(Patience(2), values, "own") == (2, 0)
    assert _stopped_at(Patience(2, greater_is_better=True), values, "own") == (3, 1)
    assert _stopped_at(Patience(2, greater_is_better=False), values, "auc") == (2, 0)


def test_little_improvements_do_not_count() -> None:
    assert _stopped_at(Patience(2, least=0.5), [5.0, 4.9, 4.6, 4.4]) == (2, 0)
    assert _stopped_at(Patience(2, least=0.5), [5.0, 4.9, 4.4, 4.3]) == (4, 2)


def test_nan_is_never_better() -> None:
    assert _stopped_at(Patience(2), [math.nan, 3.0, math.nan, math.nan]) == (3, 1)
    assert _stopped_at(Patience(3), [math.nan] * 5) == (2, -1)


def test_the_metric_that_decides_is_the_last_or_the_named_one() -> None:
    rounds = [{"mae": 1.0, "rmse": 3.0}, {"mae": 2.0, "rmse": 2.0}, {"mae": 3.0, "rmse": 1.0}]
    last, named = EarlyStopping(Patience(2)), EarlyStopping(Patience(2, "mae"))
    assert [last.add(*each) for each in enumerate(rounds)] == [False, False, False]
    assert [named.add(*each) for each in enumerate(rounds)] == [False, False, True]


def test_a_threshold_that_xgboost_does_not_repeat_is_no_hindrance() -> None:
    stopping = EarlyStopping(Patience(1, "error@0.5"))
    assert [stopping.add(*each) for each in enumerate([{"error": 0.2}, {"error": 0.3}])] == [
        False,
        True,
    ]


@pytest.mark.parametrize("cut", range(6))
def test_it_goes_on_from_its_state_as_if_nothing_had_happened(cut: int) -> None:
    values = [5.0, 4.0, 4.5, 4.2, 4.1, 4.3]
    first, second = EarlyStopping(Patience(3)), EarlyStopping(Patience(3))
    told = [first.add(number, {"rmse": value}) for number, value in enumerate(values[:cut])]
    second.restore(json.loads(json.dumps(first.state)))
    told += [
        second.add(number, {"rmse": value}) for number, value in enumerate(values[cut:], start=cut)
    ]
    assert told == [False, False, False, False, True, True]
    assert (second.best_round, second.best_value) == (1, 4.0)
