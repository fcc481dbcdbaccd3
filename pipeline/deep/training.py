"""The executor half: one rank's part in training a network, epoch after epoch.

MXNet and Horovod are imported when training begins, never on the driver.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.encoding import FeatureSchema
from pipeline.deep.feed import Batch, Feed
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.predictor import SYMBOL, WEIGHTS
from pipeline.deep.stopping import BestEpoch
from pipeline.errors import UserError
from pipeline.spark.shard_file import Shard
from pipeline.spark.shards import Part, ShardSet
from pipeline.spark.worker import Worker

# Values that are summed at once, in float64.
_STATISTICS_VALUES = 4_000_000


@dataclass(frozen=True)
class DeepTask:
    """What every rank is asked to do.

    Parameters
    ----------
    shards : ShardSet
        The rows; a rank's own shard has its number.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label.
    hidden : list of int
        Units of each hidden layer.
    dropout, learning_rate, weight_decay : float
        As the params of these names.
    epochs, batch_size, patience, seed : int
        As the params of these names.
    """

    shards: ShardSet
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


def train_epochs(task: DeepTask, worker: Worker) -> dict[str, Any]:
    """Train; rank 0 returns the network's files, the history and the best epoch."""
    return _Training(task, worker).run()


class _Training:
    """One rank's training run."""

    def __init__(self, task: DeepTask, worker: Worker) -> None:
        import mxnet as mx

        from pipeline.deep.runtime import context_of, set_threads

        self._task = task
        self._worker = worker
        set_threads(worker.threads)
        self._device = context_of(worker.gpus)
        self._layout = InputLayout.of(task.features)
        mx.random.seed(task.seed)
        self._train_shard = task.shards.open("train", worker.rank)
        self._train = self._feed("train", self._train_shard)
        has_validation = bool(task.shards.rows["validation"])
        self._validation = (
            self._feed("validation", task.shards.open("validation", worker.rank))
            if has_validation
            else None
        )
        self._net = self._build()
        self._trainer = self._make_trainer()
        self._loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
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
            monitored = row.get("validation.logloss", row["train.logloss"])
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
        return {"files": self._export(), "history": history, "best_epoch": best.epoch}

    def _feed(self, part: Part, shard: Shard) -> Feed:
        scale = 1.0
        if shard.is_weighted:
            weights = shard.weights if shard.weights is not None else np.zeros(0, np.float32)
            total, rows = self._sum([float(weights.sum(dtype=np.float64)), float(shard.rows)])
            scale = rows / total
        sizes = self._task.shards.sizes[part]
        return Feed(shard, self._layout, sizes, self._task.batch_size, scale)

    def _build(self) -> Any:
        import horovod.mxnet as hvd
        import mxnet as mx

        from pipeline.deep.networks.mlp import Mlp

        mean, scale = self._standard()
        net = Mlp(
            self._layout,
            mean,
            scale,
            hidden=self._task.hidden,
            dropout=self._task.dropout,
            classes=self._task.classes,
        )
        net.initialize(mx.init.Xavier(), ctx=self._device)
        net.hybridize(static_alloc=True)
        first = next(self._train.epoch())
        net(*self._inputs(first))  # shapes are known only now
        hvd.broadcast_parameters(net.collect_params(), root_rank=0)
        return net

    def _make_trainer(self) -> Any:
        import horovod.mxnet as hvd

        settings = {"learning_rate": self._task.learning_rate, "wd": self._task.weight_decay}
        return hvd.DistributedTrainer(self._net.collect_params(), "adam", settings)

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
        known, total, squares = self._sum(totals.reshape(-1)).reshape(3, count)
        known = np.maximum(known, 1.0)
        mean = total / known
        variance = squares / known - mean**2
        # What rounding leaves of a constant column's variance is no variance.
        varies = variance > 1e-12 * np.maximum(squares / known, 1e-300)
        scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
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
        loss_sum, weight_sum = self._sum([loss_sum, weight_sum])
        row = {"train.logloss": loss_sum / max(weight_sum, 1e-12)}
        return {**row, **self._validate()}

    def _validate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        loss = correct = weight = 0.0
        for batch in self._validation.epoch():
            scores = self._net(*self._inputs(batch))
            loss += float(self._weighted(scores, batch).sum().asscalar())
            hits = scores.asnumpy().argmax(axis=1) == batch.labels
            correct += float((hits * batch.weights).sum())
            weight += float(batch.weights.sum())
            self._worker.advance()
        loss, correct, weight = self._sum([loss, correct, weight])
        return {"validation.logloss": loss / weight, "validation.accuracy": correct / weight}

    def _losses(self, batch: Batch) -> Any:
        return self._weighted(self._net(*self._inputs(batch)), batch)

    def _weighted(self, scores: Any, batch: Batch) -> Any:
        """Each row's loss times its weight."""
        labels, weights = self._arrays(batch.labels, batch.weights)
        return self._loss(scores, labels, weights.reshape((-1, 1)))

    def _inputs(self, batch: Batch) -> list[Any]:
        return self._arrays(*self._layout.given(batch.numbers, batch.codes))

    def _arrays(self, *arrays: Floats) -> list[Any]:
        import mxnet as mx

        return [mx.nd.array(array, ctx=self._device, dtype=np.float32) for array in arrays]

    def _share_statistics(self) -> None:
        """Average the batch norms' running statistics, so that all ranks hold one network."""
        import horovod.mxnet as hvd
        import mxnet as mx

        own = self._train_shard.rows / max(sum(self._task.shards.sizes["train"]), 1)
        for name, parameter in sorted(self._net.collect_params(".*running_.*").items()):
            shared = hvd.allreduce(parameter.data() * own, average=False, name=name)
            parameter.set_data(shared)
        mx.nd.waitall()

    def _sum(self, values: Any) -> Any:
        """Sums over all ranks, in float64."""
        import horovod.mxnet as hvd
        import mxnet as mx

        array = mx.nd.array(np.asarray(values, dtype=np.float64), dtype=np.float64)
        return hvd.allreduce(array, average=False).asnumpy()

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


def without_initialisers(symbol: bytes) -> bytes:
    """An exported symbol without the names of its params' initialisers.

    MXNet puts a constant's address in memory there, so equal networks would differ in every run.
    """
    graph = json.loads(symbol)
    for node in graph["nodes"]:
        node.get("attrs", {}).pop("__init__", None)
    return json.dumps(graph, indent=2).encode()
