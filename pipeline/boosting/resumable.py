"""What estimators of boosters share: rows that are held out, checkpoints, the run of their gang."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline import files
from pipeline.boosting import checkpoint
from pipeline.boosting.holdout import held_out
from pipeline.boosting.memory import Memory
from pipeline.boosting.predictor import BOOSTER
from pipeline.boosting.task import BoostingTask
from pipeline.estimators.encoder import GROUP
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.gang_estimator import GangEstimator
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.profile import Columns
from pipeline.spark.resources import GangPlan
from pipeline.store.installed import installed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.spark.worker import Worker

M = TypeVar("M", bound=EnsembleModel)
T = TypeVar("T", bound=BoostingTask)


class ResumableEstimator(GangEstimator[M]):
    """An estimator of a booster that has `RowParams`, `CheckpointParams` and `MemoryParams`."""

    def _split(self, rows: DataFrame, columns: Columns) -> tuple[DataFrame, Columns]:
        """Hold out a share of the rows, or of the queries, by their identity."""
        share = self.value("validation_fraction")
        if not share or columns.validation is not None:
            return rows, columns
        name = GROUP if columns.keeps_groups else self._id_column
        return held_out(rows, columns, share, name, self.value("seed"))

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
        facts = {**_facts(task, job), **more}
        given = self.value("resume_from")
        named = checkpoint.require_matching(given, facts) if given else None
        base = self.value("checkpoint_dir") if task.every else None
        kept = checkpoint.prepare(base, job.scratch, self.model_class.kind, facts)
        return replace(task, checkpoints=kept, resume_from=named)

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


def _facts(task: BoostingTask, job: FitJob[GangPlan]) -> dict[str, Any]:
    """What every booster depends on."""
    return {
        "params": task.params,
        "rounds": task.rounds,
        "checkpoint_rounds": task.every,
        "patience": None if task.patience is None else vars(task.patience),
        "roles": vars(task.roles),
        "features": job.features.to_json(),
        "label": job.label.to_json(),
        "data": job.shards.fingerprint,
        "workers": job.layout.workers,
        "threads": job.layout.cores,
        "gpus": job.layout.gpus,
        "versions": installed(),
    }


def words_for(plan: GangPlan) -> str:
    """A gang, for a line in the log."""
    each = "one GPU" if plan.gpus else f"{plan.cores} threads"
    return f"{plan.workers} workers of {each}"
