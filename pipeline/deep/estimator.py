"""What estimators of networks share: MXNet with Horovod inside Spark; the driver half."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pipeline.deep.groups import with_places
from pipeline.deep.model import DeepModel
from pipeline.deep.params import DeepParams
from pipeline.deep.predictor import FACTS
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_epochs
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.profile import Columns, Described
from pipeline.estimators.resumable import ResumableEstimator
from pipeline.spark.resources import GangPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

_FEW_ROWS = 8
M = TypeVar("M", bound=DeepModel)


class DeepEstimator(ResumableEstimator[M], DeepParams):
    """A network, trained by a gang of Spark workers."""

    unit: ClassVar[Literal["round", "epoch"]] = "epoch"

    def _described(self, rows: DataFrame, columns: Columns) -> Described:
        found = super()._described(rows, columns)
        with_places(self.recipe(), found.features)  # refuses what is no column
        return found

    def _class_weights(self, job: FitJob[GangPlan]) -> tuple[float, ...]:
        return ()

    def _task(self, job: FitJob[GangPlan]) -> DeepTask:
        given = {
            "classes": len(job.label.classes),
            "seed": self.value("seed"),
            "patience": self.value("patience"),
            "monitor": self.value("monitor"),
            "class_weights": self._class_weights(job),
        }
        recipe = self.recipe()
        facts = {"recipe": asdict(recipe), **given}
        kept = self._kept(job, facts, self.value("checkpoint_epochs"))
        return DeepTask(job.shards, job.features, recipe=recipe, kept=kept, **given)

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = self._task(job)
        _warn_of_small_batches(task)
        first, measures = self._run_gang(
            job,
            partial(train_epochs, task),
            collective="horovod",
            step="epoch",
            most=_most_epochs(task),
        )
        history = first["history"]
        best = {"best_epoch": first["best_epoch"], "epochs": len(history)}
        facts: Mapping[str, Any] = {
            name: first[name] for name in ("target", "zeros") if name in first
        }
        return Trained(first["files"], {**measures, **best}, history, {FACTS: facts})


def _most_epochs(task: DeepTask) -> int:
    recipe = task.recipe
    if recipe.network != "hierarchical":
        return recipe.epochs
    groups = with_places(recipe, task.features).groups or ()
    grouped = {place for group in groups for place in group}
    parts = recipe.segments or len(groups)
    has_rest = (
        bool(set(task.features.categorical))
        if recipe.segments
        else (len(grouped) < task.features.width)
    )
    return recipe.epochs + (parts + has_rest) * recipe.stage_epochs


def _warn_of_small_batches(task: DeepTask) -> None:
    """Batch norm normalises over a worker's own rows of a step."""
    if task.recipe.normalisation != "batch":
        return
    sizes = task.shards.sizes["train"]
    each = max(task.recipe.rows_of_batch(len(sizes)) // len(sizes), 1)
    rows = min(sizes) // -(-max(sizes) // each)
    if rows < _FEW_ROWS:
        logger.warning(
            "normalisation=batch: a worker has %s rows at each step, too few to normalise over; "
            "set normalisation=layer, a larger batch_size, or fewer workers",
            f"only {rows}" if rows else "only 0 or 1",
        )
