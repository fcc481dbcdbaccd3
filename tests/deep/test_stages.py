"""Networks that are trained in stages, of which some stand on a part that stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import pytest

from pipeline import files
from pipeline.data.encoding import FeatureSchema
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import WEIGHTS, SavedNetwork
from pipeline.deep.padded import Padded
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_alone, walk_rates
from pipeline.errors import UserError
from pipeline.spark.shard_file import ShardRows, ShardWriter
from pipeline.store.checkpoints import Checkpoints, Kept
from tests.deep.killed import KilledError, killed_after
from tests.deep.padded_networks import STEPS, TOKENS, WINDOWS, rows_of_tokens
from tests.deep.recipes import recipe
from tests.deep.staged_networks import Base
from tests.deep.test_own_network import Source

SCHEMA = FeatureSchema(vector="tokens", size=STEPS * WINDOWS)
ROWS = {"train": 300, "validation": 100}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    directory = tmp_path_factory.mktemp("tokens")
    for seed, (part, rows) in enumerate(ROWS.items()):
        numbers, labels = rows_of_tokens(rows, seed)
        with ShardWriter(directory / part, SCHEMA.width, is_sparse=False, is_weighted=False) as to:
            to.add(ShardRows(np.arange(rows), numbers, labels))
    return Source(directory, dict(ROWS))


def _task(source: Source, trains: str, kept: Kept | None = None, **given: Any) -> DeepTask:
    params = {
        "network": "tests.deep.staged_networks.TwoParts",
        "network_options": {"trains": trains},
        "learning_rate": 0.02,
        "epochs": 3,
        "stage_epochs": 3,
        "batch_size": 16,
        **given,
    }
    return DeepTask(source, SCHEMA, 2, recipe(**params), seed=3, kept=kept)


def _trained(*given: Any, **named: Any) -> dict[str, Any]:
    found = train_alone(_task(*given, **named), OnlyRank(threads=1))
    for row in found["history"]:
        del row["seconds"]
    return found


def _vectors(found: dict[str, Any], tmp_path: Path) -> np.ndarray:
    (tmp_path / "weights").write_bytes(found["files"][WEIGHTS])
    held = mx.nd.load(str(tmp_path / "weights"))
    (own,) = (value for name, value in held.items() if "embedding" in name)
    return np.asarray(own.asnumpy())


def test_a_base_that_stays_runs_over_the_rows_once(source: Source, tmp_path: Path) -> None:
    Base.rows.clear()
    short = _trained(source, "new", epochs=1)
    once = sum(Base.rows)
    assert once <= sum(ROWS.values()) + 40  # and a batch, to know shapes
    Base.rows.clear()
    long = _trained(source, "new", epochs=12)
    assert sum(Base.rows) == once
    assert (_vectors(short, tmp_path) == _vectors(long, tmp_path)).all()
    losses = [row["train.logloss"] for row in long["history"]]
    assert losses[-1] < losses[0] - 0.02
    assert long["trained_parameters"] == 2 * 6 + 2


def test_what_is_trained_on_a_base_scores_as_it_was_validated(source: Source) -> None:
    found = _trained(source, "new")
    padded = Padded.from_json(found["padded"])
    network = SavedNetwork(found["files"], InputLayout.of(SCHEMA), 2, padded=padded)
    rows = source.open("validation", 0)
    outputs = network.outputs(next(rows.matrices()))
    losses = np.log1p(np.exp(-np.diff(outputs)[:, 0] * (2 * rows.labels - 1)))
    best = found["history"][found["best_epoch"]]
    assert best["validation.logloss"] == pytest.approx(losses.mean(), abs=1e-5)


def test_stages_follow_each_other_each_with_its_own_step_sizes(
    source: Source, tmp_path: Path
) -> None:
    found = _trained(source, "new_then_all", warmup_epochs=0.5)
    stages = [row.get("stage") for row in found["history"]]
    assert stages == [0, 0, 0, None, None, None]
    rates = [row["learning_rate"] for row in found["history"]]
    assert rates[2] == pytest.approx(0.2)
    assert rates[5] == pytest.approx(0.02)
    assert found["best_epoch"] >= 3
    assert found["trained_parameters"] == 2 * 6 + 2 + TOKENS * 6
    first = _trained(source, "new", stage_epochs=0)
    assert not (_vectors(first, tmp_path) == _vectors(found, tmp_path)).any(axis=1).all()


@pytest.mark.parametrize(("trains", "kills"), [("new", (90, 30)), ("new_then_all", (90, 40, 75))])
def test_a_training_in_stages_that_was_killed_ends_as_one_that_was_not(
    trains: str, kills: tuple[int, ...], source: Source, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    for steps in kills:
        with pytest.raises(KilledError):
            train_alone(_task(source, trains, kept=kept, stage_epochs=2), killed_after(steps))
    assert kept.checkpoints.newest() is not None
    undisturbed = _trained(source, trains, stage_epochs=2)
    assert _trained(source, trains, kept=kept, stage_epochs=2) == undisturbed


@pytest.mark.parametrize(("trains", "epochs"), [("new_then_all", 2), ("new", 3)])
def test_a_base_does_not_run_over_the_rows_for_a_stage_that_is_over(
    trains: str, epochs: int, source: Source, tmp_path: Path
) -> None:
    """Killed in the first step of the second stage, or asked for again when all is done."""
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    given = {"kept": kept, "stage_epochs": 2, "epochs": 3}

    def kill() -> None:
        newest = kept.checkpoints.newest()
        if newest is not None and newest.steps == epochs:
            raise KilledError

    if trains == "new":
        _trained(source, trains, **given)
    else:
        with pytest.raises(KilledError):
            train_alone(_task(source, trains, **given), OnlyRank(threads=1, on_advance=kill))
    newest = kept.checkpoints.newest()
    assert newest is not None
    assert newest.steps == epochs
    Base.rows.clear()
    found = _trained(source, trains, **given)
    assert sum(Base.rows) <= 16  # a batch, to know shapes
    assert found == _trained(source, trains, stage_epochs=2, epochs=3)


def test_an_attempt_after_a_lost_one_need_not_run_the_base_again(
    source: Source, tmp_path: Path
) -> None:
    """Lost in the first epoch: there is no checkpoint yet."""
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    with pytest.raises(KilledError):
        train_alone(_task(source, "new", kept), killed_after(75))
    assert kept.checkpoints.newest() is None
    Base.rows.clear()
    found = _trained(source, "new", kept)
    assert sum(Base.rows) <= 40  # batches and rows, to know shapes
    assert found == _trained(source, "new")


def test_a_base_of_other_weights_is_not_taken_for_the_one_that_was_kept(
    source: Source, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=0)
    _trained(source, "new", kept)
    other = replace(_task(source, "new", kept), seed=4)
    Base.rows.clear()
    train_alone(other, OnlyRank(threads=1))
    assert sum(Base.rows) >= sum(ROWS.values())


class _Uneven(Source):
    """Of another rank, which has so many rows that this one must stand in steps without any."""

    @property
    def sizes(self) -> dict[Any, tuple[int, ...]]:
        return {part: (rows, 15 * rows) for part, rows in self.rows.items()}


def test_a_rank_with_few_rows_takes_part_on_a_base(source: Source) -> None:
    found = _trained(_Uneven(source.directory, source.rows), "new")
    assert [row.get("skipped", 0) for row in found["history"]] == [0, 0, 0]
    assert np.isfinite([row["validation.logloss"] for row in found["history"]]).all()


@pytest.mark.parametrize("trains", ["all_then_new", "all_then_new_normed"])
def test_a_checkpoint_on_a_base_that_an_earlier_stage_trained_holds_the_base(
    trains: str, source: Source, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)

    def kill() -> None:
        newest = kept.checkpoints.newest()
        if newest is not None and newest.steps == 3:
            raise KilledError

    given = {"stage_epochs": 2, "epochs": 3}
    with pytest.raises(KilledError):
        train_alone(_task(source, trains, kept, **given), OnlyRank(threads=1, on_advance=kill))
    assert _trained(source, trains, kept, **given) == _trained(source, trains, **given)


def test_what_a_base_gave_is_deleted_when_no_later_epoch_needs_it(
    source: Source, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    place = files.local_path(kept.base_values)
    with pytest.raises(KilledError):
        train_alone(_task(source, "new", kept), killed_after(80))
    assert len(list(place.iterdir())) == 2  # of training and of validation rows
    _trained(source, "new", kept)
    assert not place.exists()


def test_a_checkpoint_on_a_base_does_not_hold_the_base(source: Source, tmp_path: Path) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    _trained(source, "new", kept=kept)
    newest = kept.checkpoints.newest()
    assert newest is not None
    (tmp_path / "network.npz").write_bytes(newest.files["network.npz"])
    with np.load(tmp_path / "network.npz") as held:
        assert sum(held[name].size for name in held.files) == 2 * 6 + 2


def test_a_range_of_rates_can_be_walked_on_a_base(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.deep import training
    from pipeline.deep.communication import Alone

    monkeypatch.setattr(training, "Horovod", Alone)
    rank: Any = OnlyRank(threads=1)
    met = walk_rates(_task(source, "new"), rank, low=1e-4, high=1e-1, steps=10)
    assert len(met["rates"]) == len(met["losses"]) == 10


def test_what_is_no_stage_is_refused(source: Source) -> None:
    with pytest.raises(UserError, match=r"network NoStages: stages must give one or more of"):
        _trained(source, "new", network="tests.deep.staged_networks.NoStages")
