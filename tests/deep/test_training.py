"""Training without Spark: one process alone, or as a gang of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep import rank_rows
from pipeline.deep.communication import OnlyRank
from pipeline.deep.exporting import without_initialisers
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork
from pipeline.deep.objectives import Regression
from pipeline.deep.standard import Standard
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_alone, train_epochs
from pipeline.errors import UserError
from pipeline.spark.collectives import Horovod, Seat
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter
from pipeline.spark.worker import Worker
from pipeline.store.checkpoints import Checkpoints, Kept
from tests.deep.killed import KilledError, killed_after
from tests.deep.recipes import recipe

_OF_TASK = ("columns", "patience", "monitor", "class_weights", "callbacks", "kept")
ROWS = {"train": 500, "validation": 300}
SCHEMA = FeatureSchema((Feature("x", "numeric"), Feature("c", "categorical", ("a", "b"))))


@dataclass(frozen=True)
class Source:
    """One rank's rows, weighted, on a disk."""

    directory: Path
    rows: dict[Any, int]

    @property
    def sizes(self) -> dict[Any, tuple[int, ...]]:
        return {part: (rows,) for part, rows in self.rows.items()}

    def open(self, part: str, place: int) -> Shard:
        return Shard(self.directory / part)


class _Silent:
    def advance(self) -> None:
        return None

    def send(self, kind: str, **data: Any) -> None:
        return None


def _source(directory: Path, values: bool) -> Source:
    directory.mkdir(exist_ok=True)
    for seed, (part, rows) in enumerate(ROWS.items()):
        rng = np.random.default_rng(seed)
        x, code = rng.normal(size=rows), rng.integers(0, 2, rows)
        value = 100 * x + 50 * code
        labels = (value if values else value > 0).astype(np.float32)
        weights = rng.uniform(0.5, 2, rows).astype(np.float32)
        with ShardWriter(directory / part, 2, is_sparse=False, is_weighted=True) as writer:
            matrix = np.column_stack([x, code]).astype(np.float32)
            writer.add(ShardRows(np.arange(rows), matrix, labels, weights))
    return Source(directory, dict(ROWS))


def _task(source: Source, classes: int, **changed: Any) -> DeepTask:
    params: dict[str, Any] = {
        "hidden": [16],
        "dropout": 0.2,
        "learning_rate": 0.02,
        "weight_decay": 1e-4,
        "epochs": 3,
        "batch_size": 64,
    }
    own = {name: changed.pop(name) for name in _OF_TASK if name in changed}
    return DeepTask(source, SCHEMA, classes, recipe(**{**params, **changed}), seed=3, **own)


def _untimed(found: dict[str, Any]) -> dict[str, Any]:
    for row in found["history"]:
        del row["seconds"]
    return found


def test_a_process_alone_trains_the_network_of_a_gang_of_one(tmp_path: Path) -> None:
    task = _task(_source(tmp_path, values=False), classes=2)
    alone = train_alone(task, OnlyRank(threads=1))
    collective, seat = Horovod(), Seat(0, 1, ("127.0.0.1",))
    collective.join(seat, collective.invite("127.0.0.1", 1), 60)
    sender: Any = _Silent()
    worker = Worker(seat, 1, (), sender)
    gang = train_epochs(task, worker)
    written = train_epochs(task, worker, scratch=(tmp_path / "scratch").as_uri())
    collective.leave()
    assert _untimed(alone) == _untimed(gang)
    assert _untimed({**written, "files": written["files"].read()}) == gang


def test_values_are_learnt_and_judged_in_their_unit(tmp_path: Path) -> None:
    source = _source(tmp_path, values=True)
    task = _task(source, classes=0, epochs=15, dropout=0.0)
    found = train_alone(task, OnlyRank(threads=1))
    best = found["history"][found["best_epoch"]]
    assert {"epoch", "seconds", "train.mse", "validation.mse", "validation.mae"} <= set(best)
    shard = source.open("validation", 0)
    network = SavedNetwork(found["files"], InputLayout.of(SCHEMA), outputs=1)
    values = Regression(**found["target"]).values(network.outputs(next(shard.matrices())))
    errors = np.average(np.square(values[:, 0] - shard.labels), weights=shard.weights)
    assert best["validation.mse"] == pytest.approx(errors, rel=1e-3)
    assert errors < 0.1 * shard.labels.var()


def test_some_columns_are_enough(tmp_path: Path) -> None:
    task = _task(_source(tmp_path, values=False), classes=2, columns=(1,))
    found = train_alone(task, OnlyRank(threads=1))
    layout = InputLayout.of(SCHEMA, (1,))
    outputs = SavedNetwork(found["files"], layout, 2).outputs(np.zeros((4, 2), np.float32))
    assert outputs.shape == (4, 2)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimiser": "sgd", "learning_rate_schedule": "one-cycle"},
        {"optimiser": "lamb", "learning_rate_schedule": {"kind": "plateau", "patience": 1}},
        {"optimiser": "adamw", "accumulate": 3, "normalisation": "layer", "warmup_epochs": 1.5},
        {"patience": 2, "learning_rate": 0.3, "epochs": 12},
        {"network": "hierarchical", "groups": [["x"], ["c"]], "stage_epochs": 2, "epochs": 3},
    ],
)
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    params: dict[str, Any], tmp_path: Path
) -> None:
    source = _source(tmp_path, values=False)
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    given = {"epochs": 6, "dropout": 0.3, **params}
    undisturbed = train_alone(_task(source, 2, **given), OnlyRank(threads=1))
    task = _task(source, 2, kept=kept, **given)
    # 13 steps an epoch; of the hierarchy also in the first epoch of its second stage.
    for steps in (30, 10) if "groups" in params else (20, 10):
        with pytest.raises(KilledError):
            train_alone(task, killed_after(steps))
    assert kept.checkpoints.newest() is not None
    assert _untimed(train_alone(task, OnlyRank(threads=1))) == _untimed(undisturbed)


def test_sub_networks_are_trained_one_by_one_and_then_together(tmp_path: Path) -> None:
    task = _task(
        _source(tmp_path, values=False),
        2,
        network="hierarchical",
        groups=[["c"], ["x"]],
        stage_epochs=3,
        epochs=2,
        patience=1,
        dropout=0.0,
    )
    history = train_alone(task, OnlyRank(threads=1))["history"]
    assert [row.get("stage") for row in history[:6]] == [0, 0, 0, 1, 1, 1]
    assert all("stage" not in row for row in history[6:])
    losses = [row["validation.logloss"] for row in history]
    # The label follows from the number, hardly from the category.
    assert min(losses[:3]) > 1.5 * losses[5]
    # The whole begins where its parts are, not where a new network does.
    assert losses[6] < 1.5 * losses[5]
    assert {"gradient.part0_dense0", "gradient.stage0_dense0"} <= set(history[0])
    assert not any("part1" in name for name in history[0])
    assert {"gradient.part0_dense0", "gradient.part1_dense0", "gradient.dense0"} <= set(history[6])


def test_a_group_of_what_is_no_column_is_refused(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    for groups, message in (
        ([["x"], ["d"]], "groups: there is no feature d"),
        ([["x"], [2]], "groups: there is no column 2: places are 0 to 1"),
        ([["x"], [0]], "groups: column x is in two groups, or in one twice"),
    ):
        task = _task(source, 2, network="hierarchical", groups=groups)
        with pytest.raises(UserError, match=message):
            train_alone(task, OnlyRank(threads=1))


def test_a_finished_training_that_is_asked_for_again_is_not_done_again(tmp_path: Path) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    task = _task(_source(tmp_path, values=False), 2, kept=kept)
    first = train_alone(task, OnlyRank(threads=1))
    assert train_alone(task, killed_after(3)) == first


def test_the_metric_that_is_monitored_chooses_the_epoch(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    for monitor, best in (("logloss", min), ("accuracy", max), ("auc", max)):
        task = _task(source, 2, monitor=monitor, epochs=8, learning_rate=0.3)
        found = train_alone(task, OnlyRank(threads=1))
        values = [row[f"validation.{monitor}"] for row in found["history"]]
        assert found["best_epoch"] == values.index(best(values))


def test_a_metric_that_is_no_number_is_not_taken_for_a_divergence(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    rows = next(source.open("validation", 0).matrices())
    (tmp_path / "validation").unlink()
    with ShardWriter(tmp_path / "validation", 2, is_sparse=False, is_weighted=False) as writer:
        writer.add(ShardRows(np.arange(len(rows)), rows, np.ones(len(rows), np.float32), None))
    task = _task(source, 2, monitor="auc", patience=1)
    with pytest.raises(UserError, match="auc of the validation rows was not a number in any epoch"):
        train_alone(task, OnlyRank(threads=1))


def stop_after_two(epoch: int, measures: dict[str, Any]) -> bool | None:
    assert measures["epoch"] == epoch
    return False if epoch == 1 else None


class Counting:
    """An object that is called; made once for a training."""

    calls: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, epoch: int, measures: dict[str, Any]) -> None:
        self._count += 1
        self.calls.append(self._count)


def test_callbacks_are_called_after_every_epoch_and_may_end_the_training(tmp_path: Path) -> None:
    paths = (f"{__name__}.Counting", f"{__name__}.stop_after_two")
    task = _task(_source(tmp_path, values=False), 2, callbacks=paths, epochs=5)
    assert len(train_alone(task, OnlyRank(threads=1))["history"]) == 2
    assert Counting.calls == [1, 2]


def test_a_class_that_weighs_more_is_found_more_often(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    layout = InputLayout.of(SCHEMA)
    shares = []
    for weights in ((), (1.0, 30.0)):
        task = _task(source, 2, class_weights=weights, hidden=[2], epochs=2)
        found = train_alone(task, OnlyRank(threads=1))
        network = SavedNetwork(found["files"], layout, 2)
        outputs = network.outputs(next(source.open("validation", 0).matrices()))
        shares.append(float((outputs.argmax(axis=1) == 1).mean()))
    assert shares[1] > shares[0] + 0.05


def test_smoothed_labels_leave_no_class_certain(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    margins = []
    for smoothing in (0.0, 0.2):
        task = _task(source, 2, label_smoothing=smoothing, epochs=20, dropout=0.0)
        found = train_alone(task, OnlyRank(threads=1))
        network = SavedNetwork(found["files"], InputLayout.of(SCHEMA), 2)
        outputs = network.outputs(next(source.open("train", 0).matrices()))
        margins.append(float(np.abs(outputs[:, 1] - outputs[:, 0]).mean()))
    assert margins[0] > 3 > margins[1]
    assert margins[1] == pytest.approx(np.log(0.9 / 0.1), abs=0.5)


def test_columns_that_say_nothing_are_dropped_by_l1(tmp_path: Path) -> None:
    rows = next(_source(tmp_path / "all", values=False).open("train", 0).matrices())
    with ShardWriter(tmp_path / "train", 2, is_sparse=False, is_weighted=False) as writer:
        labels = (rows[:, 0] > 0).astype(np.float32)  # the category says nothing
        writer.add(ShardRows(np.arange(len(rows)), rows, labels, None))
    source = Source(tmp_path, {"train": len(rows), "validation": 0})
    given = {"l1": 0.4, "learning_rate": 0.01, "weight_decay": 0.0, "dropout": 0.0}
    task = _task(source, 2, epochs=30, **given)
    zeros = train_alone(task, OnlyRank(threads=1))["zeros"]
    assert zeros["c"] > 0.9
    assert zeros["x"] < 0.7
    assert "zeros" not in train_alone(_task(task.shards, 2), OnlyRank(threads=1))


def _with_extremes(directory: Path, values: dict[int, float]) -> Source:
    source = _source(directory / "plain", values=False)
    rows = next(source.open("train", 0).matrices()).copy()
    for place, value in values.items():
        rows[place, 0] = value
    labels = source.open("train", 0).labels
    path = directory / "extreme"
    path.mkdir()
    with ShardWriter(path / "train", 2, is_sparse=False, is_weighted=False) as writer:
        writer.add(ShardRows(np.arange(len(rows)), rows, np.asarray(labels), None))
    return Source(path, {"train": len(rows), "validation": 0})


def test_a_batch_that_is_not_finite_is_skipped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _with_extremes(tmp_path, {17: np.inf})
    # As if the statistics had been taken before the number came in.
    known = Standard(np.zeros(1, np.float32), np.ones(1, np.float32), np.ones(1, bool))
    monkeypatch.setattr(rank_rows, "standard", lambda *_: known)
    found = train_alone(_task(source, 2), OnlyRank(threads=1))
    for row in found["history"]:
        assert row["skipped"] == 1
        assert np.isfinite(row["train.logloss"])
    network = SavedNetwork(found["files"], InputLayout.of(SCHEMA), 2)
    assert np.isfinite(network.outputs(np.array([[0.3, 1]], np.float32))).all()


def test_a_training_that_never_gets_finite_says_which_columns_are_out_of_range(
    tmp_path: Path,
) -> None:
    source = _with_extremes(tmp_path, dict.fromkeys(range(0, 500, 2), np.inf))
    with pytest.raises(
        UserError,
        match=r"training diverged: gradients of 10 steps in a row, in epoch 1, were not finite; "
        r"columns out of range: x \(250 rows far from all others, 250 infinite\); mend them, or "
        r"lower deep\.learning_rate",
    ):
        train_alone(_task(source, 2), OnlyRank(threads=1))


def test_a_step_size_that_is_too_large_is_the_cause_where_no_column_is(tmp_path: Path) -> None:
    source = _source(tmp_path, values=False)
    with pytest.raises(UserError, match=r"no column is out of range: lower deep\.learning_rate"):
        train_alone(_task(source, 2, learning_rate=1e38, epochs=4), OnlyRank(threads=1))


def test_equal_networks_have_equal_files() -> None:
    """MXNet names a constant's initialiser by its address in memory."""

    def exported(address: int) -> bytes:
        attributes = {"__init__": f"Constant_mean_{address}", "__shape__": "(1, 3)"}
        node = {"op": "null", "name": "mean", "attrs": attributes, "inputs": []}
        plain = {"op": "FullyConnected", "name": "dense", "inputs": []}
        return json.dumps({"nodes": [node, plain], "arg_nodes": [0]}).encode()

    found = without_initialisers(exported(140158825633360))
    assert found == without_initialisers(exported(140659623335440))
    graph = json.loads(found)
    assert graph["nodes"][0]["attrs"] == {"__shape__": "(1, 3)"}
    assert graph["arg_nodes"] == [0]
