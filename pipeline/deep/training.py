"""The executor half: one rank's part in training a network, epoch after epoch.

The ranks are a gang's workers, or there is one alone. MXNet and Horovod are imported when training
begins, never on the driver. What an epoch draws is seeded by (seed, epoch, rank), what a stage
draws by (seed, stage): a training that goes on from a checkpoint ends as one that was not
interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.deep.base_rows import Call, on_base
from pipeline.deep.callbacks import Callbacks
from pipeline.deep.communication import (
    Alone,
    Communication,
    Horovod,
    OnlyRank,
    QuietRank,
    Rank,
)
from pipeline.deep.epochs import DivergedError, Epochs, total, weight_of
from pipeline.deep.groups import with_places
from pipeline.deep.handing_over import hand_over
from pipeline.deep.health import GradientHealth
from pipeline.deep.inputs import Floats
from pipeline.deep.keeping import Keeper, Standing
from pipeline.deep.kept_values import KeptValues
from pipeline.deep.live_network import LiveNetwork
from pipeline.deep.metrics import GREATER_IS_BETTER
from pipeline.deep.objectives import Regression
from pipeline.deep.rank_rows import RankRows
from pipeline.deep.rates import Growing, Rates
from pipeline.deep.recipe import Recipe
from pipeline.deep.stopping import BestEpoch
from pipeline.deep.task import DeepTask
from pipeline.errors import EnsemblesError
from pipeline.estimators.seeds import seed_of

if TYPE_CHECKING:
    from pipeline.deep.stepper import Stepper
    from pipeline.spark.worker import Worker

# A loss so many times the least one is out of all bounds.
_BOUNDS = 4.0
# The rest of an epoch's row is for the history.
_SHOWN = ("train.", "validation.", "learning_rate", "seconds", "skipped")


def train_epochs(task: DeepTask, worker: Worker, scratch: str = "") -> dict[str, Any]:
    """Train in a gang; rank 0 returns the network's files, the history and the best epoch.

    Also `trained_parameters`, how many numbers were trained at once, at most.

    In regression also `target`, the mean and the scale that outputs are to be read with; of padded
    rows also `padded`, as `Padded.from_json` reads it.

    Parameters
    ----------
    task : DeepTask
        What is trained.
    worker : Worker
        This rank.
    scratch : str
        Where rank 0 writes the files, to return a `HandedOver` of them; empty: it returns them.

    Raises
    ------
    UserError
        When training diverges, or the network, its checkpoint or the rows cannot be used.
    StoreError
        When the files cannot be written.
    """
    found = _Training(task, worker, Horovod()).run()
    if not scratch or worker.rank:
        return found
    worker.advance()  # what follows is a step of its own, and no stall
    return {**found, "files": hand_over(found["files"], scratch)}


def walk_rates(
    task: DeepTask, worker: Worker, *, low: float, high: float, steps: int
) -> dict[str, Any]:
    """Train with step sizes that grow; all ranks return `rates` and the `losses` met by them."""
    return _Training(task, worker, Horovod()).walk(low, high, steps)


def train_variants(variants: Sequence[DeepTask], worker: Worker) -> dict[str, Any]:
    """Train several networks, one after the other; rank 0 returns their `histories`.

    That of a training that diverged is empty.

    Raises
    ------
    UserError
        When a network, or the rows, cannot be used.
    """
    quiet = QuietRank(worker)
    histories = []
    for variant in variants:
        try:
            histories.append(_Training(variant, quiet, Horovod()).run().get("history", []))
        except DivergedError:  # on all ranks alike
            histories.append([])
    return {"histories": histories}


def train_alone(task: DeepTask, rank: OnlyRank) -> dict[str, Any]:
    """Train in this process, without Horovod; returns what `train_epochs` does."""
    return _Training(task, rank, Alone()).run()


class _Training:
    """One rank's training run."""

    def __init__(self, task: DeepTask, worker: Rank, others: Communication) -> None:
        import mxnet as mx

        from pipeline.deep.runtime import context_of, require_usable, set_threads

        require_usable(worker.gpus)
        set_threads(worker.threads)
        mx.random.seed(task.seed)
        self._task = task
        self._recipe = with_places(task.recipe, task.features)
        self._worker = worker
        self._others = others
        self._rows = RankRows(task, self._recipe, worker, others)
        self._net = LiveNetwork(
            self._recipe,
            self._rows.layout,
            self._rows.standard(),
            self._rows.objective.outputs,
            context_of(worker.gpus),
        )
        if self._net.padded is not None:
            self._rows.group(self._net.padded)
        smoothing = self._recipe.label_smoothing
        self._epochs = Epochs(self._net, self._rows, smoothing, worker, others)
        self._before = self._net.stages * self._recipe.stage_epochs
        self._net.begin(self._rows.some(), others)
        self._trained = 0
        self._has_values = self._has_base_from(0)
        self._keeper = Keeper(task.kept, worker, others)
        self._best = BestEpoch(task.patience if self._rows.validation else 0)
        self._best_weights: list[Floats] = []
        self._history: list[dict[str, Any]] = []
        self._health = GradientHealth()
        self._callbacks = Callbacks(task.callbacks, worker.rank, others)

    def run(self) -> dict[str, Any]:
        """All epochs that are left."""
        done = self._resume()
        for epoch in count(done):
            if self._is_done(epoch):
                break
            if epoch > done and self._stage_of(epoch) != self._stage_of(epoch - 1):
                self._enter(epoch)
            row = self._run_epoch(epoch)
            self._take_note(epoch, row)
            if self._keeper.is_due(epoch + 1):
                self._keeper.save(self._standing(epoch + 1))
                if not self._has_base_from(self._stage_of(epoch)):
                    self._forget_values()
            if not self._callbacks.go_on(epoch, row):
                break
        if not math.isfinite(self._best.value):
            raise self._no_epoch()
        self._forget_values()
        return {} if self._worker.rank else self._result()

    def walk(self, low: float, high: float, steps: int) -> dict[str, Any]:
        """Steps whose size grows, until the loss leaves all bounds."""
        rates = Growing(low, high, steps)
        self._enter(self._before)
        stepper = self._stepper = self._stepper_with(rates, self._net.stages)
        met: dict[str, list[float]] = {"rates": [], "losses": []}
        for batches in self._rows.endless():
            own = total(self._epochs.gradients(batches))
            loss, weight = self._others.sum([own, weight_of(batches)])
            mean = loss / max(weight, 1e-12)
            # All ranks have the same sums, and so they end together.
            is_out = not math.isfinite(mean) or mean > _BOUNDS * min(met["losses"], default=mean)
            if is_out or stepper.done >= steps:
                break
            met["rates"].append(rates.at(stepper.done))
            met["losses"].append(mean)
            stepper.step(sum(batch.all_rows for batch in batches))
            list(stepper.settle())
            self._worker.advance()
        return met

    def _stage_of(self, epoch: int) -> int:
        """Which stage is trained in an epoch."""
        is_last = epoch >= self._before
        return self._net.stages if is_last else epoch // self._recipe.stage_epochs

    def _enter(
        self, epoch: int, weights: Sequence[Floats] | None = None, *, is_over: bool = False
    ) -> None:
        """Begin with the stage of an epoch, or go on with its weights: its own steps and schedule.

        Of a stage that is over its weights are wanted alone: its base runs over one batch, from
        which their shapes follow, and not over all rows.
        """
        import mxnet as mx

        stage = self._stage_of(epoch)
        # The first weights of a stage are drawn now, whatever was drawn before.
        mx.random.seed(seed_of(self._task.seed, stage))
        base = self._net.base_of(stage)
        self._rows.stand_on(None)
        some = self._rows.some()
        self._net.enter(stage, some if base is None else on_base(some, base), self._others)
        if weights is not None:
            self._net.weights = weights  # those of the base, too, where a stage has trained it
        if base is not None and not is_over:
            self._stand_on(base, stage)
        is_last = stage == self._net.stages
        epochs = self._recipe.epochs if is_last else self._recipe.stage_epochs
        recipe = replace(self._recipe_of(stage), epochs=epochs)
        self._rates = Rates(recipe, self._rows.steps, self._worker.size)
        self._stepper = self._stepper_with(self._rates, stage)
        self._trained = max(self._trained, self._stepper.size)

    def _stand_on(self, base: Call, stage: int) -> None:
        """Read what a stage's base gives, which runs now over rows that it has not yet seen."""
        kept = None
        if self._task.kept is not None:
            uri = self._task.kept.base_values
            kept = KeptValues(uri, self._net.mark_of(stage), self._worker)
        if not self._worker.rank:
            text = "the part that stays as it is runs over the rows, once"
            self._worker.report("note", text=text)
        self._rows.stand_on(base, kept)
        if kept is not None and kept.rows_read and not self._worker.rank:
            text = f"the part that stays as it is had run over {kept.rows_read} rows of worker 0"
            self._worker.report("note", text=text)

    def _has_base_from(self, stage: int) -> bool:
        """Whether a stage, or one after it, stands on a part that stays as it is."""
        stages = range(stage, self._net.stages + 1)
        return any(self._net.base_of(each) is not None for each in stages)

    def _forget_values(self) -> None:
        """Delete what bases have given, when no later epoch stands on one: it may be much."""
        kept = self._task.kept
        if kept is None or self._worker.rank or not self._has_values:
            return
        self._has_values = False
        try:
            files.delete(kept.base_values)
        except EnsemblesError as error:
            self._worker.report("note", text=f"not deleted: {error}", is_warning=True)

    def _recipe_of(self, stage: int) -> Recipe:
        return replace(self._recipe, **self._net.changes(stage))

    def _stepper_with(self, rates: Rates | Growing, stage: int) -> Stepper:
        from pipeline.deep.stepper import Stepper

        net = self._net
        return Stepper(net.active, net.prefix, self._recipe_of(stage), rates, self._others)

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        began = time.monotonic()
        trained = self._epochs.train(epoch, self._stepper)
        measures = {**trained, **self._epochs.validate()}
        stage = {} if epoch >= self._before else {"stage": self._stage_of(epoch)}
        seconds = round(time.monotonic() - began, 3)
        return {"epoch": epoch, **stage, **measures, "seconds": seconds}

    def _take_note(self, epoch: int, row: dict[str, Any]) -> None:
        """What follows from an epoch's measures, and who hears of them."""
        self._history.append(row)
        monitored = self._monitored(row)
        if epoch >= self._before and self._best.improves(epoch, monitored):
            self._best_weights = self._net.weights
        self._rates.epoch_ended(monitored)
        if self._worker.rank:
            return
        if note := self._health.note(row):
            self._worker.report("note", text=note, is_warning=True)
        shown = {name: row[name] for name in row if name.startswith(_SHOWN)}
        self._worker.report("epoch", epoch=epoch, metrics=shown)

    def _monitored(self, row: dict[str, Any]) -> float:
        """The value that is to be small."""
        measure = self._rows.objective.measure
        if self._rows.validation is None:
            return float(row[f"train.{measure}"])
        name = self._task.monitor or measure
        value = float(row[f"validation.{name}"])
        return -value if name in GREATER_IS_BETTER else value

    def _no_epoch(self) -> DivergedError:
        """Why no epoch was good enough to be kept."""
        measure = self._rows.objective.measure
        if any(math.isfinite(row[f"train.{measure}"]) for row in self._history):
            name = self._task.monitor or measure
            return DivergedError(
                f"{name} of the validation rows was not a number in any epoch: they may all be of "
                "one class, or have no weight; mark other rows, or set another deep.monitor "
                "(monitor)"
            )
        return self._epochs.diverged("no epoch had a finite loss")

    def _result(self) -> dict[str, Any]:
        self._net.weights = self._best_weights
        found = {
            "files": self._net.export(),
            "history": self._history,
            "best_epoch": self._best.epoch,
            "trained_parameters": self._trained,
        }
        if self._recipe.l1:
            found["zeros"] = self._net.zeros(self._task.features.names)
        if self._net.padded is not None:
            found["padded"] = self._net.padded.to_json()
        aim = self._rows.objective
        if isinstance(aim, Regression):
            found["target"] = {"mean": aim.mean, "scale": aim.scale}
        return found

    def _standing(self, epochs: int) -> Standing:
        state = {
            "history": self._history,
            "best": {"epoch": self._best.epoch, "value": self._best.value},
            "rates": self._rates.state,
            "steps": [self._stepper.done, self._stepper.skipped_in_a_row],
            "trained": self._trained,
        }
        memory = self._stepper.memory
        return Standing(epochs, self._net.weights, self._best_weights, memory, state)

    def _resume(self) -> int:
        """Go on from where a checkpoint stands; the epochs that are done."""
        found = self._keeper.where_it_stands()
        if found is None:
            self._enter(0)
            return 0
        best = found.state["best"]
        self._best.epoch, self._best.value = best["epoch"], best["value"]
        self._best_weights = list(found.best_weights)
        self._history = list(found.state["history"])
        self._trained = found.state.get("trained", 0)
        # The stage that was left off in; another one may begin now.
        is_next = self._stage_of(found.epochs) != self._stage_of(found.epochs - 1)
        is_over = is_next or self._is_done(found.epochs)
        self._enter(found.epochs - 1, found.weights, is_over=is_over)
        self._stepper.restore(found.memory, *found.state["steps"])
        self._rates.restore(found.state["rates"])
        if is_next:
            self._enter(found.epochs)
        return found.epochs

    def _is_done(self, epochs: int) -> bool:
        """Whether no epoch is left after so many."""
        return epochs >= self._before + self._recipe.epochs or self._best.is_exhausted(epochs - 1)
