"""What estimators of boosters share: the place of their checkpoints, the run of their gang."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pipeline import files
from pipeline.boosting.memory import Memory
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.task import BoostingTask
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.resumable import ResumableEstimator
from pipeline.spark.resources import GangPlan

if TYPE_CHECKING:
    from pipeline.spark.worker import Worker

M = TypeVar("M", bound=EnsembleModel)
T = TypeVar("T", bound=BoostingTask)


class BoosterEstimator(ResumableEstimator[M]):
    """An estimator of a booster that has `RowParams` and `MemoryParams`."""

    unit: ClassVar[Literal["round", "epoch"]] = "round"
    memory_factor: ClassVar[float] = 2.0  # the mapped shard, its bins and gradients

    @property
    def _memory(self) -> Memory:
        return Memory(self.value("external_memory"), self.value("worker_memory_mb"))

    def _with_checkpoints(self, task: T, job: FitJob[GangPlan], more: Mapping[str, Any]) -> T:
        """The task with the place of its checkpoints.

        Parameters
        ----------
        task, job : BoostingTask, FitJob
            What is trained.
        more : mapping
            What the model depends on besides what all boosters do, for JSON.
        """
        kept = self._kept(job, {**_facts(task), **more}, task.every)
        return replace(task, checkpoints=kept.checkpoints, resume_from=kept.resume_from)

    def _run(
        self,
        job: FitJob[GangPlan],
        task: T,
        work: Callable[[T, Worker], dict[str, Any]],
        metadata: Callable[[dict[str, Any]], Mapping[str, Any]],
    ) -> Trained:
        """Train; `metadata` makes of what rank 0 returned what the manifest is to hold."""
        first, measures = self._run_gang(
            job, partial(work, task), collective="rabit", step="round", most=task.rounds
        )
        history = first["history"]
        found = {
            "best_iteration": first["best_iteration"],
            "rounds": len(history),
            "external_memory": first["on_disk"],
            "loop_seconds": round(first["seconds"], 3),
        }
        booster = files.read_bytes(task.output)
        return Trained({BOOSTER: booster}, {**measures, **found}, history, metadata(first))


def _facts(task: BoostingTask) -> dict[str, Any]:
    """What every booster depends on."""
    return {
        "params": task.params,
        "rounds": task.rounds,
        "checkpoint_rounds": task.every,
        "patience": None if task.patience is None else vars(task.patience),
        "roles": vars(task.roles),
    }


def words_for(plan: GangPlan) -> str:
    """A gang, for a line in the log."""
    each = "one GPU" if plan.gpus else f"{plan.cores} threads"
    return f"{plan.workers} workers of {each}"
