"""The executor half: one rank's part in training a network, epoch after epoch.

The ranks are a gang's workers, or there is one alone. MXNet and Horovod are imported when training
begins, never on the driver.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.data.encoding import FeatureSchema
from pipeline.deep.communication import Alone, Communication, Horovod, OnlyRank, Rank
from pipeline.deep.feed import Batch, Feed
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.network_file import SYMBOL, WEIGHTS
from pipeline.deep.objectives import Classification, Objective, Regression
from pipeline.deep.sources import Rows, Source
from pipeline.deep.stopping import BestEpoch
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.spark.shards import Part
    from pipeline.spark.worker import Worker

_Doubles = npt.NDArray[np.float64]

# Values that are summed at once, in float64.
_STATISTICS_VALUES = 4_000_000


@dataclass(frozen=True)
class DeepTask:
    """What every rank is asked to do.

    Parameters
    ----------
    shards : Source
        The rows; a rank's own shard has its number.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label; 0 for regression.
    hidden : list of int
        Units of each hidden layer.
    dropout, learning_rate, weight_decay : float
        As the params of these names.
    epochs, batch_size, patience, seed : int
        As the params of these names.
    columns : tuple of int, optional
        Positions of the features that are used; by default all of them.
    """

    shards: Source
    features: FeatureSchema
    classes: int
    hidden: list[int]
    dropout: float
    learning_rate: float
    weight_decay: float
    epochs: int
    batch_size: int
    patience: int
    seed: int
    columns: tuple[int, ...] | None = None


def train_epochs(task: DeepTask, worker: Worker) -> dict[str, Any]:
    """Train in a gang; rank 0 returns the network's files, the history and the best epoch.

    In regression also `target`, the mean and the scale that outputs are to be read with.
    """
    return _Training(task, worker, Horovod()).run()


def train_alone(task: DeepTask, rank: OnlyRank) -> dict[str, Any]:
    """Train in this process, without Horovod; returns what `train_epochs` does."""
    return _Training(task, rank, Alone()).run()


class _Training:
    """One rank's training run."""

    def __init__(self, task: DeepTask, worker: Rank, others: Communication) -> None:
        import mxnet as mx

        from pipeline.deep.runtime import context_of, set_threads

        self._task = task
        self._worker = worker
        self._others = others
        set_threads(worker.threads)
        self._device = context_of(worker.gpus)
        self._layout = InputLayout.of(task.features, task.columns)
        mx.random.seed(task.seed)
        self._train_shard = task.shards.open("train", worker.rank)
        self._train = self._feed("train", self._train_shard)
        has_validation = bool(task.shards.rows["validation"])
        self._validation = (
            self._feed("validation", task.shards.open("validation", worker.rank))
            if has_validation
            else None
        )
        self._objective = self._make_objective()
        self._net = self._build()
        self._trainer = self._make_trainer()
        self._loss = self._objective.loss()
        # Dropout differs from rank to rank, the first weights do not.
        mx.random.seed(task.seed * 1_000 + worker.rank + 1)

    def run(self) -> dict[str, Any]:
        """All epochs."""
        best = BestEpoch(self._task.patience if self._validation else 0)
        history: list[dict[str, Any]] = []
        kept: list[Floats] = []
        for epoch in range(self._task.epochs):
            began = time.monotonic()
            row = {"epoch": epoch, **self._run_epoch(epoch)}
            row["seconds"] = round(time.monotonic() - began, 3)
            history.append(row)
            measure = self._objective.measure
            monitored = row.get(f"validation.{measure}", row[f"train.{measure}"])
            if best.improves(epoch, monitored):
                kept = self._weights()
            if self._worker.rank == 0:
                metrics = {key: value for key, value in row.items() if key != "epoch"}
                self._worker.report("epoch", epoch=epoch, metrics=metrics)
            if best.is_exhausted(epoch):
                break
        if not math.isfinite(best.value):
            raise UserError(
                "training diverged: no epoch had a finite loss. Lower deep.learning_rate "
                "(learning_rate), and look for extreme values in the numeric columns"
            )
        if self._worker.rank:
            return {}
        self._restore(kept)
        found = {"files": self._export(), "history": history, "best_epoch": best.epoch}
        if isinstance(self._objective, Regression):
            found["target"] = {"mean": self._objective.mean, "scale": self._objective.scale}
        return found

    def _feed(self, part: Part, shard: Rows) -> Feed:
        scale = 1.0
        if shard.is_weighted:
            weights = shard.weights if shard.weights is not None else np.zeros(0, np.float32)
            total, rows = self._others.sum(
                [float(weights.sum(dtype=np.float64)), float(shard.rows)]
            )
            scale = rows / total
        sizes = self._task.shards.sizes[part]
        return Feed(shard, self._layout, sizes, self._task.batch_size, scale)

    def _make_objective(self) -> Objective:
        if self._task.classes:
            return Classification(self._task.classes)
        labels = self._train_shard.labels.astype(np.float64)
        weights = self._train_shard.weights
        own = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
        sums = self._others.sum([own.sum(), (own * labels).sum(), (own * labels**2).sum()])
        mean, deviation = _moments(*sums)
        return Regression(float(mean), float(deviation))

    def _build(self) -> Any:
        import mxnet as mx

        from pipeline.deep.networks.mlp import Mlp

        mean, scale = self._standard()
        # Gluon numbers the networks of a process in their params' names: each starts at 0.
        with mx.name.NameManager(), warnings.catch_warnings():
            # A constant's initialiser is named by its address, which an earlier network's may have.
            warnings.filterwarnings("ignore", message=".*New initializer")
            net = Mlp(
                self._layout,
                mean,
                scale,
                hidden=self._task.hidden,
                dropout=self._task.dropout,
                classes=self._objective.outputs,
            )
        net.initialize(mx.init.Xavier(), ctx=self._device)
        net.hybridize(static_alloc=True)
        first = next(self._train.epoch())
        net(*self._inputs(first))  # shapes are known only now
        self._others.broadcast(net.collect_params())
        return net

    def _make_trainer(self) -> Any:
        settings = {"learning_rate": self._task.learning_rate, "wd": self._task.weight_decay}
        return self._others.trainer(self._net.collect_params(), settings)

    def _standard(self) -> tuple[Floats, Floats]:
        """Mean and inverse deviation of each number over the rows of all ranks."""
        count = len(self._layout.numeric)
        if not count:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        totals = np.zeros((3, count))
        step = max(_STATISTICS_VALUES // self._train_shard.width, 1)
        for chunk in self._train_shard.matrices():
            for start in range(0, chunk.shape[0], step):
                numbers = self._layout.numbers(chunk[start : start + step]).astype(np.float64)
                totals += [
                    (~np.isnan(numbers)).sum(axis=0),
                    np.nansum(numbers, axis=0),
                    np.nansum(numbers**2, axis=0),
                ]
                self._worker.advance()
        known, total, squares = self._others.sum(totals.reshape(-1)).reshape(3, count)
        mean, deviation = _moments(np.maximum(known, 1.0), total, squares)
        varies = deviation > 0
        scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
        return mean.astype(np.float32), scale.astype(np.float32)

    def _run_epoch(self, epoch: int) -> dict[str, float]:
        from mxnet import autograd

        seed = (self._task.seed, epoch, self._worker.rank)
        order = np.random.default_rng(seed).permutation(self._train_shard.rows)
        loss_sum = weight_sum = 0.0
        for batch in self._train.epoch(order):
            with autograd.record():
                losses = self._losses(batch)
            losses.backward()
            # The trainer divides by this and by the gang's size: the mean over the step's rows.
            self._trainer.step(batch.all_rows / self._worker.size)
            loss_sum += float(losses.sum().asscalar())
            weight_sum += float(batch.weights.sum())
            self._worker.advance()
        self._share_statistics()
        loss_sum, weight_sum = self._others.sum([loss_sum, weight_sum])
        loss = self._objective.told(loss_sum / max(weight_sum, 1e-12))
        return {f"train.{self._objective.measure}": loss, **self._validate()}

    def _validate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        weight = 0.0
        sums: dict[str, float] = {}
        for batch in self._validation.epoch():
            scores = self._net(*self._inputs(batch))
            own = {self._objective.measure: float(self._weighted(scores, batch).sum().asscalar())}
            for name, values in self._objective.judged(scores.asnumpy(), batch.labels).items():
                own[name] = float((values * batch.weights).sum())
            sums = {name: sums.get(name, 0.0) + value for name, value in own.items()}
            weight += float(batch.weights.sum())
            self._worker.advance()
        *totals, weight = self._others.sum([*sums.values(), weight])
        means = {name: total / weight for name, total in zip(sums, totals, strict=True)}
        means[self._objective.measure] = self._objective.told(means[self._objective.measure])
        return {f"validation.{name}": value for name, value in means.items()}

    def _losses(self, batch: Batch) -> Any:
        return self._weighted(self._net(*self._inputs(batch)), batch)

    def _weighted(self, scores: Any, batch: Batch) -> Any:
        """Each row's loss times its weight."""
        targets = self._objective.targets(batch.labels)
        labels, weights = self._arrays(targets, batch.weights)
        return self._loss(scores, labels, weights.reshape((-1, 1)))

    def _inputs(self, batch: Batch) -> list[Any]:
        return self._arrays(*self._layout.given(batch.numbers, batch.codes))

    def _arrays(self, *arrays: Floats) -> list[Any]:
        import mxnet as mx

        return [mx.nd.array(array, ctx=self._device, dtype=np.float32) for array in arrays]

    def _share_statistics(self) -> None:
        """Average the batch norms' running statistics, so that all ranks hold one network."""
        import mxnet as mx

        own = self._train_shard.rows / max(sum(self._task.shards.sizes["train"]), 1)
        for name, parameter in sorted(self._net.collect_params(".*running_.*").items()):
            parameter.set_data(self._others.sum_array(parameter.data() * own, name))
        mx.nd.waitall()

    def _weights(self) -> list[Floats]:
        return [item.data().asnumpy() for item in self._net.collect_params().values()]

    def _restore(self, weights: list[Floats]) -> None:
        import mxnet as mx

        for item, value in zip(self._net.collect_params().values(), weights, strict=True):
            item.set_data(mx.nd.array(value, dtype=value.dtype))

    def _export(self) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as name:
            self._net.export(str(Path(name) / "network"))
            found = {file: (Path(name) / file).read_bytes() for file in (SYMBOL, WEIGHTS)}
        return {**found, SYMBOL: without_initialisers(found[SYMBOL])}


def _moments(count: Any, total: Any, squares: Any) -> tuple[_Doubles, _Doubles]:
    """Mean and deviation from sums; a deviation of 0 for what is constant."""
    mean = total / count
    variance = squares / count - mean**2
    # What rounding leaves of a constant column's variance is no variance.
    varies = variance > 1e-12 * np.maximum(squares / count, 1e-300)
    return mean, np.sqrt(np.where(varies, variance, 0.0))


def without_initialisers(symbol: bytes) -> bytes:
    """An exported symbol without the names of its params' initialisers.

    MXNet puts a constant's address in memory there, so equal networks would differ in every run.
    """
    graph = json.loads(symbol)
    for node in graph["nodes"]:
        node.get("attrs", {}).pop("__init__", None)
    return json.dumps(graph, indent=2).encode()
