"""Training without Spark: one process alone, or as a gang of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork
from pipeline.deep.objectives import Regression
from pipeline.deep.training import DeepTask, train_alone, train_epochs, without_initialisers
from pipeline.spark.collectives import Horovod, Seat
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter
from pipeline.spark.worker import Worker

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
        "patience": 0,
        "seed": 3,
    }
    return DeepTask(source, SCHEMA, classes, **{**params, **changed})


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
    gang = train_epochs(task, Worker(seat, 1, (), sender))
    collective.leave()
    assert _untimed(alone) == _untimed(gang)


def test_values_are_learnt_and_judged_in_their_unit(tmp_path: Path) -> None:
    source = _source(tmp_path, values=True)
    task = _task(source, classes=0, epochs=15, dropout=0.0)
    found = train_alone(task, OnlyRank(threads=1))
    best = found["history"][found["best_epoch"]]
    assert set(best) == {"epoch", "seconds", "train.mse", "validation.mse"}
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
