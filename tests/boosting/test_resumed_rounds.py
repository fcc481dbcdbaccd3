"""A training that is interrupted and goes on: its model is the undisturbed one, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.boosting.memory import Memory
from pipeline.boosting.rounds import train_rounds
from pipeline.boosting.stopping import Patience
from pipeline.boosting.task import BoostingTask, RowRoles
from pipeline.spark.shard_file import ShardRows
from tests.boosting.small_tasks import (
    WIDTH,
    Channel,
    InterruptedHereError,
    Run,
    lonely_worker,
    run,
    sample,
    shards,
    task,
)

ROWS = 400
NUMERIC = ("q",) * WIDTH
SAMPLED = {"subsample": 0.7, "colsample_bynode": 0.5, "colsample_bytree": 0.75}
RANKING = RowRoles(NUMERIC, is_ranking=True)


def _numbers() -> ShardRows:
    return sample(ROWS)


def _classes() -> ShardRows:
    return sample(ROWS, labels=np.arange(ROWS, dtype=np.float32) % 3)


def _counts() -> ShardRows:
    return sample(ROWS, labels=np.random.default_rng(0).poisson(2, ROWS).astype(np.float32))


def _queries() -> ShardRows:
    rng = np.random.default_rng(0)
    relevance = rng.integers(0, 4, ROWS).astype(np.float32)
    return sample(ROWS, labels=relevance, groups=np.repeat(np.arange(ROWS // 10), 10))


def _times() -> ShardRows:
    rng = np.random.default_rng(0)
    time = rng.gamma(2.0, size=ROWS).astype(np.float32)
    upper = np.where(rng.random(ROWS) < 0.3, np.inf, time).astype(np.float32)
    return sample(ROWS, labels=time, extras=upper[:, None])


@dataclass(frozen=True)
class Way:
    """A way of training: rows, params, and what else the task says."""

    rows: Callable[[], ShardRows] = _numbers
    params: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    is_validated: bool = False


WAYS = {
    "plain": Way(),
    "sampled": Way(params=SAMPLED),
    "weighted columns": Way(
        params={"colsample_bynode": 0.5},
        more={"roles": RowRoles(NUMERIC, feature_weights=(1.0, 3.0, 0.0, 1.0))},
    ),
    "dart": Way(
        params={
            **{"booster": "dart", "rate_drop": 0.5, "one_drop": True, "skip_drop": 0.2},
            **{"sample_type": "weighted", "subsample": 0.8},
        }
    ),
    "early stopping": Way(
        params={"max_depth": 8, "eta": 0.8, "reg_lambda": 0.0},
        more={"rounds": 40, "patience": Patience(4)},
        is_validated=True,
    ),
    "schedule": Way(more={"etas": (0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.05, 0.05)}),
    "forest": Way(params={"num_parallel_tree": 3, **SAMPLED}),
    "classes": Way(_classes, {"objective": "multi:softprob", "num_class": 3, **SAMPLED}),
    "vector leaves": Way(
        _classes,
        {
            **{"objective": "multi:softprob", "num_class": 3, "subsample": 0.7},
            "multi_strategy": "multi_output_tree",
        },
    ),
    "absolute error": Way(params={"objective": "reg:absoluteerror", **SAMPLED}),
    "quantiles": Way(
        params={"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], **SAMPLED}
    ),
    "quantiles from a score": Way(
        params={
            **{"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]},
            "base_score": "[0.5, 0.5, 0.5]",
        }
    ),
    "counts": Way(_counts, {"objective": "count:poisson", **SAMPLED}),
    "survival": Way(
        _times,
        {"objective": "survival:aft", **SAMPLED},
        {"roles": RowRoles(NUMERIC, is_survival=True)},
    ),
    "ranking": Way(_queries, {"objective": "rank:ndcg", **SAMPLED}, {"roles": RANKING}),
    "ranking, mean": Way(
        _queries,
        {
            **{"objective": "rank:ndcg", "lambdarank_pair_method": "mean"},
            "lambdarank_num_pair_per_sample": 2,
        },
        {"roles": RANKING},
    ),
    "own objective": Way(
        params=SAMPLED, more={"objective": "tests.boosting.own_functions.squared"}
    ),
    "external memory": Way(params=SAMPLED, more={"memory": Memory("always")}, is_validated=True),
    "leafwise": Way(
        params={"grow_policy": "lossguide", "max_depth": 0, "max_leaves": 6, **SAMPLED}
    ),
}


def _tasks(directory: Path, way: Way) -> tuple[BoostingTask, BoostingTask]:
    """The same training, twice, each with checkpoints of its own."""
    found = shards(directory / "rows", way.rows(), sample(200, 9) if way.is_validated else None)
    first, second = (
        task(directory / name, found, params=way.params, every=2, **way.more) for name in "ab"
    )
    return first, second


def _interrupted(one: BoostingTask, stop_after: int) -> None:
    with pytest.raises(InterruptedHereError):
        train_rounds(one, lonely_worker(Channel(stop_after)))


def _is_same(found: Run, expected: Run) -> bool:
    names = ("history", "best_iteration", "on_disk")
    return found.booster == expected.booster and all(
        found.result[name] == expected.result[name] for name in names
    )


@pytest.mark.parametrize("name", WAYS)
def test_the_model_is_the_undisturbed_one(name: str, tmp_path: Path) -> None:
    undisturbed, disturbed = _tasks(tmp_path, WAYS[name])
    expected = run(undisturbed)
    _interrupted(disturbed, 4)
    found = run(disturbed)
    assert found.channel.notes == ["goes on after round 4"]
    assert found.channel.rounds[0] == 4
    assert _is_same(found, expected)


def test_a_training_may_be_interrupted_more_than_once(tmp_path: Path) -> None:
    undisturbed, disturbed = _tasks(tmp_path, WAYS["sampled"])
    expected = run(undisturbed)
    for stop_after in (0, 3, 4, 6):
        _interrupted(disturbed, stop_after)
    found = run(disturbed)
    assert found.channel.notes == ["goes on after round 6"]
    assert _is_same(found, expected)


def test_a_damaged_checkpoint_costs_rounds_and_nothing_of_the_model(tmp_path: Path) -> None:
    undisturbed, disturbed = _tasks(tmp_path, WAYS["sampled"])
    expected = run(undisturbed)
    _interrupted(disturbed, 6)
    newest = tmp_path / "b" / "checkpoints" / "round-000006.zip"
    newest.write_bytes(newest.read_bytes()[:-100])
    found = run(disturbed)
    assert found.channel.notes == ["goes on after round 4"]
    assert _is_same(found, expected)


def test_training_goes_on_from_an_initial_model(tmp_path: Path) -> None:
    undisturbed, disturbed = _tasks(tmp_path, WAYS["sampled"])
    initial = task(tmp_path / "initial", undisturbed.shards, rounds=3)
    run(initial)
    expected = run(replace(undisturbed, initial=initial.output))
    assert expected.result["best_iteration"] == 3 + 8 - 1
    assert len(expected.result["history"]) == 8
    first = expected.result["history"][0]["train.rmse"]
    assert first < run(initial).result["history"][-1]["train.rmse"]
    second = replace(disturbed, initial=initial.output)
    _interrupted(second, 4)
    assert _is_same(run(second), expected)


def test_a_named_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    undisturbed, disturbed = _tasks(tmp_path, WAYS["sampled"])
    expected = run(undisturbed)
    _interrupted(disturbed, 5)
    named = f"{disturbed.checkpoints.uri}/round-000002.zip"
    elsewhere = task(tmp_path / "c", disturbed.shards, params=SAMPLED, every=2, resume_from=named)
    found = run(elsewhere)
    assert found.channel.notes == ["goes on after round 2"]
    assert _is_same(found, expected)


def test_estimates_of_position_bias_are_not_kept_so_the_training_begins_again(
    tmp_path: Path,
) -> None:
    """XGBoost writes them, but refuses to go on with them."""
    params = {"objective": "rank:ndcg", "lambdarank_unbiased": True, **SAMPLED}
    undisturbed, disturbed = _tasks(tmp_path, Way(_queries, params, {"roles": RANKING}))
    expected = run(undisturbed)
    _interrupted(disturbed, 4)
    found = run(disturbed)
    assert found.channel.rounds[0] == 0
    assert _is_same(found, expected)
    after = replace(disturbed, initial=undisturbed.output)
    assert run(after).result["best_iteration"] == 8 + 8 - 1
