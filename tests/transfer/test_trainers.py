"""What a text network takes of a worker's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.spark.resources import GangPlan
from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.text_options import NETWORK, TextOptions
from pipeline.transfer.trainers import ClassTrainer, as_is_mb, weights_of

MINILM = EncoderConfig(
    "bert", 30_522, 384, 6, 12, 1_536, 512, 2, "gelu", 1e-12, 0.1, 0.1, 0.1, 0, 0.02
)
ALONE = GangPlan(workers=1, cores=1, gpus=0, profile=None)
WEIGHTS_MB = 22_565_376 * 4 / 2**20


def _own_mb(trains: Any, length: int, plan: GangPlan = ALONE, **given: Any) -> int:
    options = TextOptions("file:///c", "d", [], MINILM, length, 1, "mean", trains=trains)
    made = ClassTrainer(network=NETWORK, network_options=options.to_json(), **given)
    return made.own_mb(plan)


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


def test_a_checkpoint_that_is_not_trained_is_counted_in_copies_of_its_weights() -> None:
    assert as_is_mb(MINILM) == pytest.approx(3 * WEIGHTS_MB, rel=0.01)


def test_weights_are_counted_to_a_percent() -> None:
    assert weights_of(MINILM) == pytest.approx(22_565_376, rel=0.01)
