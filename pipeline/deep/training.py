"""The executor half: one rank's part in training a network, epoch after epoch.

The ranks are a gang's workers, or there is one alone. MXNet and Horovod are imported when training
begins, never on the driver. An epoch's draws (order of rows, units left out) are seeded by (seed,
epoch, rank): a training that goes on from a checkpoint ends as one that was not interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.deep.communication import Alone, Communication, Horovod, OnlyRank, Rank
from pipeline.deep.feed import Batch, Feed
from pipeline.deep.groups import with_places
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.keeping import Keeper, Standing
from pipeline.deep.live_network import LiveNetwork
from pipeline.deep.metrics import GREATER_IS_BETTER, Sums
from pipeline.deep.objectives import Classification, Objective, Regression
from pipeline.deep.rates import Rates
from pipeline.deep.sources import Rows
from pipeline.deep.standard import far_columns, moments, standard
from pipeline.deep.stopping import BestEpoch
from pipeline.deep.task import DeepTask
from pipeline.errors import UserError
from pipeline.estimators.seeds import seed_of

if TYPE_CHECKING:
    from pipeline.spark.shards import Part
    from pipeline.spark.worker import Worker

_MOST_SKIPPED = 10
_ADVICE = "lower deep.learning_rate (learning_rate), or set deep.clip_norm (clip_norm)"
# The rest of an epoch's row is for the history.
_SHOWN = ("train.", "validation.", "learning_rate", "seconds", "skipped")


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

        set_threads(worker.threads)
        mx.random.seed(task.seed)
        self._task = task
        self._recipe = with_places(task.recipe, task.features)
        self._worker = worker
        self._others = others
        self._layout = InputLayout.of(task.features, task.columns)
        self._rows = task.shards.open("train", worker.rank)
        self._train = self._feed("train", self._rows)
        self._validation = None
        if task.shards.rows["validation"]:
            rows = task.shards.open("validation", worker.rank)
            self._validation = self._feed("validation", rows)
        self._objective = self._make_objective()
        self._loss = self._objective.loss(self._recipe.label_smoothing)
        self._plain_loss = self._objective.loss()
        known = standard(self._rows, self._layout, others, worker)
        self._net = LiveNetwork(
            self._recipe, self._layout, known, self._objective.outputs, context_of(worker.gpus)
        )
        self._before = self._net.stages * self._recipe.stage_epochs
        self._net.enter(self._net.stages, next(self._train.epoch()), others)
        self._enter(0)
        self._keeper = Keeper(task.kept, worker, others)
        self._best = BestEpoch(task.patience if self._validation else 0)
        self._best_weights: list[Floats] = []
        self._history: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        """All epochs that are left."""
        done = self._resume()
        for epoch in range(done, self._before + self._recipe.epochs):
            if self._best.is_exhausted(epoch - 1):
                break
            if epoch > done and self._stage_of(epoch) != self._stage_of(epoch - 1):
                self._enter(epoch)
            row = self._run_epoch(epoch)
            self._history.append(row)
            monitored = self._monitored(row)
            if epoch >= self._before and self._best.improves(epoch, monitored):
                self._best_weights = self._net.weights
            self._rates.epoch_ended(monitored)
            if self._worker.rank == 0:
                shown = {name: row[name] for name in row if name.startswith(_SHOWN)}
                self._worker.report("epoch", epoch=epoch, metrics=shown)
            if self._keeper.is_due(epoch + 1):
                self._keeper.save(self._standing(epoch + 1))
        if not math.isfinite(self._best.value):
            raise UserError(
                f"training diverged: no epoch had a finite loss; {_ADVICE}, and look for extreme "
                "values in the numeric columns"
            )
        return {} if self._worker.rank else self._result()

    def _result(self) -> dict[str, Any]:
        self._net.weights = self._best_weights
        found = {
            "files": self._net.export(),
            "history": self._history,
            "best_epoch": self._best.epoch,
        }
        if self._recipe.l1:
            found["zeros"] = self._net.zeros(self._task.features.names)
        if isinstance(self._objective, Regression):
            found["target"] = {"mean": self._objective.mean, "scale": self._objective.scale}
        return found

    def _feed(self, part: Part, rows: Rows) -> Feed:
        sizes = self._task.shards.sizes[part]
        batch = self._recipe.rows_of_batch(len(sizes))
        return Feed(rows, self._layout, sizes, batch, self._row_weights(rows))

    def _row_weights(self, rows: Rows) -> Floats | None:
        """What rows count: their weights and their classes', so that the mean is 1."""
        classes = np.asarray(self._task.class_weights, np.float32)
        if not rows.is_weighted and not len(classes):
            return None
        given = rows.weights
        weights = np.ones(rows.rows, np.float32) if given is None else given
        if len(classes):
            weights = weights * classes[rows.labels.astype(np.int64)]
        total, count = self._others.sum([float(weights.sum(dtype=np.float64)), float(rows.rows)])
        if not total > 0:
            raise UserError("no row has a positive weight: see weightCol and class_weight")
        return np.asarray(weights * np.float32(count / total), dtype=np.float32)

    def _make_objective(self) -> Objective:
        if self._task.classes:
            return Classification(self._task.classes)
        labels = self._rows.labels.astype(np.float64)
        weights = self._rows.weights
        own = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
        sums = self._others.sum([own.sum(), (own * labels).sum(), (own * labels**2).sum()])
        mean, deviation = moments(*sums)
        return Regression(float(mean), float(deviation))

    def _stage_of(self, epoch: int) -> int:
        """Which stage is trained in an epoch; their number means the whole."""
        is_whole = epoch >= self._before
        return self._net.stages if is_whole else epoch // self._recipe.stage_epochs

    def _enter(self, epoch: int) -> None:
        """Begin with the stage of an epoch: its own steps, its own schedule."""
        from pipeline.deep.stepper import Stepper

        stage = self._stage_of(epoch)
        self._net.enter(stage, next(self._train.epoch()), self._others)
        is_whole = stage == self._net.stages
        epochs = self._recipe.epochs if is_whole else self._recipe.stage_epochs
        steps = -(-self._train.steps // self._recipe.accumulate)
        self._rates = Rates(replace(self._recipe, epochs=epochs), steps, self._worker.size)
        net = self._net
        self._stepper = Stepper(net.active, net.prefix, self._recipe, self._rates, self._others)

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        began = time.monotonic()
        measures = {**self._train_epoch(epoch), **self._validate()}
        stage = {} if epoch >= self._before else {"stage": self._stage_of(epoch)}
        seconds = round(time.monotonic() - began, 3)
        return {"epoch": epoch, **stage, **measures, "seconds": seconds}

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        import mxnet as mx

        seed, rank = self._task.seed, self._worker.rank
        mx.random.seed(seed_of(seed, epoch, rank))
        order = np.random.default_rng((seed, epoch, rank)).permutation(self._rows.rows)
        statistics = self._net.statistics
        self._stepper.begin_epoch()
        sums = np.zeros(2)
        for group in _grouped(self._train.epoch(order), self._recipe.accumulate):
            own = self._gradients(group)
            self._stepper.step(sum(batch.all_rows for batch in group))
            if self._stepper.skipped_in_a_row:
                self._net.statistics = statistics
                self._require_few_skipped(epoch)
            else:
                sums += own
            self._worker.advance()
        share = self._rows.rows / max(sum(self._task.shards.sizes["train"]), 1)
        self._net.share_statistics(self._others, share)
        loss, weight = self._others.sum(sums)
        mean = self._objective.told(loss / weight) if weight > 0 else math.nan
        return {f"train.{self._objective.measure}": mean, **self._stepper.measures()}

    def _gradients(self, batches: list[Batch]) -> tuple[float, float]:
        """Find the gradients of a step's batches; the sums of their losses and weights."""
        from mxnet import autograd

        losses = []
        for batch in batches:
            with autograd.record():
                found = self._weighted(self._loss, self._net(batch), batch)
            found.backward()
            losses.append(found.sum())
        loss = sum(float(each.asscalar()) for each in losses)
        return loss, float(sum(batch.weights.sum() for batch in batches))

    def _require_few_skipped(self, epoch: int) -> None:
        """Raise a `UserError` when gradients that are not finite are no exception."""
        many = min(_MOST_SKIPPED, self._train.steps)
        if self._stepper.skipped_in_a_row < many:
            return
        far = far_columns(self._rows, self._layout, self._task.features.names, self._others)
        mend = (
            f"columns out of range: {far}; mend them, or " if far else "no column is out of range: "
        )
        raise UserError(
            f"training diverged: gradients of {many} steps in a row, in epoch {epoch}, were not "
            f"finite; {mend}{_ADVICE}"
        )

    def _validate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        sums = Sums(self._objective)
        for batch in self._validation.epoch():
            scores = self._net(batch)
            losses = self._weighted(self._plain_loss, scores, batch).asnumpy()
            sums.add(losses, scores.asnumpy(), batch.labels, batch.weights)
            self._worker.advance()
        found = sums.values(self._others)
        return {f"validation.{name}": value for name, value in found.items()}

    def _monitored(self, row: dict[str, Any]) -> float:
        """The value that is to be small."""
        name = self._task.monitor or self._objective.measure
        value = row.get(f"validation.{name}")
        if value is None:
            return float(row[f"train.{self._objective.measure}"])
        return -float(value) if name in GREATER_IS_BETTER else float(value)

    def _weighted(self, loss: Any, scores: Any, batch: Batch) -> Any:
        """Each row's loss times its weight."""
        labels = self._net.array(self._objective.targets(batch.labels))
        return loss(scores, labels, self._net.array(batch.weights).reshape((-1, 1)))

    def _standing(self, epochs: int) -> Standing:
        state = {
            "history": self._history,
            "best": {"epoch": self._best.epoch, "value": self._best.value},
            "rates": self._rates.state,
            "steps": self._stepper.done,
        }
        memory = self._stepper.memory
        return Standing(epochs, self._net.weights, self._best_weights, memory, state)

    def _resume(self) -> int:
        """Go on from where a checkpoint stands; the epochs that are done."""
        found = self._keeper.where_it_stands()
        if found is None:
            return 0
        # The stage that was left off in; another one may begin now.
        self._enter(found.epochs - 1)
        self._net.weights = found.weights
        self._stepper.restore(found.memory, found.state["steps"])
        self._rates.restore(found.state["rates"])
        if self._stage_of(found.epochs) != self._stage_of(found.epochs - 1):
            self._enter(found.epochs)
        best = found.state["best"]
        self._best.epoch, self._best.value = best["epoch"], best["value"]
        self._best_weights = list(found.best_weights)
        self._history = list(found.state["history"])
        return found.epochs


def _grouped(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """So many batches at a time, fewer at the end."""
    source = iter(batches)
    while group := list(islice(source, size)):
        yield group
