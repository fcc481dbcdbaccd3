"""The executor half: one rank's part in training a booster, round after round.

Training is the same whether it is interrupted or not. At every `every`-th round what rounds draw
(rows, columns, dropped trees) begins anew, seeded by (seed, round): a booster that is read from a
checkpoint then draws as the one that wrote it. All else follows from the model itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline import files
from pipeline.boosting.booster_file import with_categories
from pipeline.boosting.metrics import Metrics
from pipeline.boosting.parts import VALIDATION, Parts, open_parts
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.stopping import EarlyStopping
from pipeline.boosting.task import BoostingTask
from pipeline.errors import EnsemblesError
from pipeline.estimators.functions import load
from pipeline.estimators.seeds import seed_of
from pipeline.spark.worker import Worker
from pipeline.store.checkpoints import Checkpoint, Kept


def train_rounds(
    task: BoostingTask, worker: Worker, kind: type[Training] | None = None
) -> dict[str, Any]:
    """Train; rank 0 writes the booster and returns its history and the best iteration.

    Parameters
    ----------
    task, worker : BoostingTask, Worker
        What is trained, and where.
    kind : type of Training, optional
        How a round goes; by default as gradient boosting has it.
    """
    # Spark tells OpenMP of the cores of its default tasks, and XGBoost takes no more by itself.
    with xgb.config_context(nthread=worker.threads):
        return _train(task, worker, kind or Training)


def _train(task: BoostingTask, worker: Worker, kind: type[Training]) -> dict[str, Any]:
    found = _where_it_stands(task, worker) if task.every else None
    # As before the loss, unless the user has decided meanwhile.
    goes_on = found is not None and task.memory.mode == "auto"
    on_disk = bool(found.state["on_disk"]) if found is not None and goes_on else None
    with open_parts(task, worker, on_disk=on_disk) as parts:
        training = kind(task, worker, parts)
        training.begin(found)
        training.run()
        result = {} if worker.rank else training.finish()
        del training, parts  # before the files that they have open
        return result


class Training:
    """One booster on its way.

    Parameters
    ----------
    task, worker, parts : BoostingTask, Worker, Parts
        What is trained, where, and on what.
    """

    def __init__(self, task: BoostingTask, worker: Worker, parts: Parts) -> None:
        self._task = task
        self._worker = worker
        self._parts = parts
        self._params = native_params(task, worker)
        self._objective = None if task.objective is None else _of_rows(load(task.objective))
        self._metrics = Metrics(task.metrics, is_margin=task.objective is not None)
        self._stopping = self._make_stopping()
        self._history: list[dict[str, float]] = []
        self._done = 0
        self._seconds = 0.0
        # XGBoost cannot go on with its estimates of position bias: such a training begins again.
        self._may_save = not task.params.get("lambdarank_unbiased")

    def begin(self, found: Checkpoint | None) -> None:
        """Start at round 0, or where a checkpoint stands."""
        booster = xgb.Booster(self._params, [self._parts.train])
        data = None if found is None else found.files[BOOSTER]
        if data is None and self._task.initial is not None:
            data = files.read_bytes(self._task.initial)
        if data is not None:
            booster.load_model(bytearray(data))
            booster.set_param(_pairs(self._params))  # reading a model forgets them
        self._booster = booster
        if found is not None:
            self._done = found.steps
            self._history = list(found.state["history"])
            if self._stopping is not None and found.state["stopping"] is not None:
                self._stopping.restore(found.state["stopping"])
            if not self._worker.rank:
                self._worker.report("note", text=f"goes on after round {found.steps}")
        self._before = booster.num_boosted_rounds() - self._done

    def run(self) -> None:
        """All rounds that are left, or as many as early stopping allows."""
        began = time.monotonic()
        try:
            self._rounds()
        finally:
            self._seconds = time.monotonic() - began

    def _rounds(self) -> None:
        while self._done < self._task.rounds:
            if not self._round(self._done):
                return
            self._done += 1
            if self._is_enough():
                return
            every = self._task.every
            if every and self._done % every == 0 and self._done < self._task.rounds:
                self._save()

    def finish(self) -> dict[str, Any]:
        """Write the booster, up to its best round."""
        booster, best = self._booster, self._done - 1
        if self._stopping is not None and self._stopping.best_round >= 0:
            best = self._stopping.best_round
        rounds = self._before + best + 1
        if rounds < booster.num_boosted_rounds():
            booster = booster[:rounds]
        data = with_categories(bytes(booster.save_raw("ubj")), self._task.features)
        files.write_bytes(self._task.output, data)
        return {
            "best_iteration": rounds - 1,
            "history": self._history,
            "on_disk": self._parts.on_disk,
            "seconds": self._seconds,
        }

    def _round(self, number: int) -> bool:
        """Train one round; False when it is not to count, and training ends before it."""
        self._draw_anew_when_due(number)
        rate = {}
        if self._task.etas is not None:
            self._booster.set_param({"eta": self._task.etas[number]})
            rate = {"eta": self._task.etas[number]}
        self._booster.update(self._parts.train, number, self._objective)
        metrics = self._metrics.of(self._booster, self._parts.watched, number)
        self._history.append({"round": number, **metrics, **rate})
        self._worker.advance()
        if not self._worker.rank:
            self._worker.report("round", round=number, metrics={**metrics, **rate})
        return True

    def _draw_anew_when_due(self, number: int) -> None:
        every = self._task.every
        if (number % every == 0) if every else (number == 0):
            draw_anew(self._booster, seed_of(self._task.seed, number))

    def _make_stopping(self) -> EarlyStopping | None:
        patience = self._task.patience
        if patience is None or self._parts.validation is None:
            return None
        return EarlyStopping(patience)

    def _is_enough(self) -> bool:
        if self._stopping is None:
            return False
        part = f"{VALIDATION}."
        newest = {
            name.removeprefix(part): value
            for name, value in self._history[-1].items()
            if name.startswith(part)
        }
        return self._stopping.add(self._done - 1, newest)

    def _save(self) -> None:
        """A checkpoint; that it cannot be written is told once, and no reason to stop."""
        if self._worker.rank or not self._may_save:
            return
        state = {
            "history": self._history,
            "stopping": None if self._stopping is None else self._stopping.state,
            "on_disk": self._parts.on_disk,
        }
        data = bytes(self._booster.save_raw("ubj"))
        try:
            self._task.checkpoints.save(Checkpoint(self._done, {BOOSTER: data}, state))
        except (EnsemblesError, OSError) as error:
            self._may_save = False
            self._worker.report(
                "note",
                text=f"no more checkpoints after round {self._done}: {error}",
                is_warning=True,
            )


def _of_rows(objective: Callable[..., Any]) -> Callable[..., Any]:
    """An objective of the user's, which is not asked about no rows: their margins have no shape."""

    def asked(margins: Any, matrix: xgb.DMatrix) -> Any:
        if matrix.num_row():
            return objective(margins, matrix)
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.float32)

    return asked


def native_params(task: BoostingTask, worker: Worker) -> dict[str, Any]:
    """XGBoost's params on this worker."""
    device = f"cuda:{worker.gpus[0]}" if worker.gpus else "cpu"
    return {**task.params, "nthread": worker.threads, "device": device}


def draw_anew(booster: xgb.Booster, seed: int) -> None:
    """Let a booster draw rows, columns and dropped trees as a new one with that seed would.

    XGBoost makes its tree updaters, which hold the state of draws, when the tree method changes.
    Nothing else of the booster is lost by that, least of all the predictions of training rows.
    """
    booster.set_param({"tree_method": "approx"})
    booster.save_config()  # lets the params take effect
    booster.set_param({"tree_method": "hist", "seed": seed})
    booster.save_config()


def _pairs(params: dict[str, Any]) -> list[tuple[str, Any]]:
    """Params with one pair for each metric."""
    metrics = params.get("eval_metric", [])
    others = [(name, value) for name, value in params.items() if name != "eval_metric"]
    return others + [("eval_metric", each) for each in metrics]


def _where_it_stands(task: BoostingTask, worker: Worker) -> Checkpoint | None:
    """The checkpoint to go on from, which rank 0 reads, on every rank."""
    found = None
    if not worker.rank:
        found = Kept(task.checkpoints, task.every, task.resume_from).where_it_stands()
    if worker.size == 1:
        return found
    shared: tuple[Checkpoint | None] = collective.broadcast((found,), 0)  # it refuses None
    return shared[0]
