"""What a text network takes of a worker's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.spark.resources import GangPlan
from pipeline.transfer.text_options import NETWORK, TextOptions
from pipeline.transfer.trainers import ClassTrainer
from tests.transfer.test_memory import MINILM, WEIGHTS_MB

ALONE = GangPlan(workers=1, cores=1, gpus=0, profile=None)


def _own_mb(trains: Any, length: int, plan: GangPlan = ALONE, **given: Any) -> int:
    return _trainer(trains, length, **given).own_mb(plan)


def _shard_factor(trains: Any, length: int) -> float:
    return _trainer(trains, length).shard_factor()


def _trainer(trains: Any, length: int, **given: Any) -> ClassTrainer:
    options = TextOptions("file:///c", "d", [], MINILM, length, 1, "mean", trains=trains)
    return ClassTrainer(network=NETWORK, network_options=options.to_json(), **given)


@pytest.mark.parametrize(
    ("trains", "length", "rows", "measured"),
    [("all", 64, 16, 1_040), ("all", 64, 32, 1_440), ("all", 128, 16, 1_590), ("new", 64, 32, 430)],
)
def test_memory_is_near_what_was_measured(
    trains: str, length: int, rows: int, measured: int
) -> None:
    assert measured <= 1.1 * _own_mb(trains, length, batch_size=rows) <= 1.4 * measured


def test_a_batch_is_dealt_to_all_workers() -> None:
    eight = replace(ALONE, workers=8)
    alone = _own_mb("all", 128, batch_size=16)
    assert _own_mb("all", 128, eight, batch_size=128) == alone
    assert _own_mb("all", 128, batch_size=128) > 4 * alone
    assert _own_mb("all", 128, eight, batch_size_per_worker=16) == alone
    assert _own_mb("all", 128, eight, batch_size=4) == _own_mb("all", 128, batch_size=1)
    # Not of the batch: the base's own batches are of one size.
    assert _own_mb("new", 128, eight, batch_size=128) == _own_mb("new", 128, batch_size=4)


def test_a_base_that_runs_first_takes_its_own_batches() -> None:
    few = {"plan": replace(ALONE, workers=64), "batch_size": 64}
    passing = _own_mb("new", 128, batch_size=64) - 3 * WEIGHTS_MB
    assert _own_mb("new_then_all", 128, **few) == pytest.approx(8 * WEIGHTS_MB + passing, rel=0.01)
    many = {"batch_size": 64}
    assert _own_mb("new_then_all", 128, **many) == _own_mb("all", 128, **many)


@pytest.mark.parametrize(("trains", "copies"), [("all", 6), ("new_then_all", 6), ("new", 2)])
def test_what_gpus_hold_is_not_asked_of_the_host(trains: str, copies: int) -> None:
    plan = GangPlan(workers=4, cores=4, gpus=1, profile=None)
    found = _own_mb(trains, 512, plan, batch_size=256)
    assert found == pytest.approx(copies * WEIGHTS_MB, rel=0.01)
    assert found == _own_mb(trains, 64, plan, batch_size=4)


def test_what_a_frozen_base_gives_is_counted_by_its_rows() -> None:
    plain = ClassTrainer().memory_factor
    assert _shard_factor("all", 128) == plain
    for trains in ("new", "new_then_all"):  # a vector of 384 numbers beside 128 tokens
        assert _shard_factor(trains, 128) == plain + 3
