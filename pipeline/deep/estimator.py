"""What estimators of networks share: MXNet with Horovod inside Spark; the driver half."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pipeline.deep.batch_sweep import Pair, pairs, require_sweep, variants
from pipeline.deep.groups import with_places
from pipeline.deep.model import DeepModel, LayerParams
from pipeline.deep.params import DeepParams
from pipeline.deep.predictor import FACTS
from pipeline.deep.rate_range import RateRange, require_range
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_epochs, train_variants, walk_rates
from pipeline.errors import UserError
from pipeline.estimators.estimator import FitJob, Trained
from pipeline.estimators.functions import file_mark, is_path
from pipeline.estimators.profile import Columns, Described
from pipeline.estimators.resumable import ResumableEstimator
from pipeline.spark.resources import GangPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

_FEW_ROWS = 8
# Their layers are as `normalisation` says.
_NORMALISED = ("mlp", "residual", "hierarchical")
M = TypeVar("M", bound=DeepModel)


class DeepEstimator(ResumableEstimator[M], DeepParams, LayerParams):
    """A network, trained by a gang of Spark workers."""

    unit: ClassVar[Literal["round", "epoch"]] = "epoch"
    # The mapped shard, and what a row takes besides: measured 1.0 with 128 columns, 1.3 with 4.
    memory_factor: ClassVar[float] = 2.0

    def _described(self, rows: DataFrame, columns: Columns) -> Described:
        found = super()._described(rows, columns)
        with_places(self.recipe(), found.features)  # refuses what is no column
        classes = len(found.label.classes)
        if self.value("monitor") == "auc" and classes != 2:
            raise UserError(
                f"{type(self).__name__}: monitor auc is for two classes; {found.label.name} has "
                f"{classes}"
            )
        return found

    def _class_weights(self, job: FitJob[GangPlan]) -> tuple[float, ...]:
        return ()

    def _task(self, job: FitJob[GangPlan]) -> DeepTask:
        """What is trained; nothing of it is kept on its way."""
        return DeepTask(
            shards=job.shards,
            features=job.features,
            recipe=self.recipe(),
            classes=len(job.label.classes),
            seed=self.value("seed"),
            patience=self.value("patience"),
            monitor=self.value("monitor"),
            class_weights=self._class_weights(job),
            callbacks=tuple(self.value("callbacks") or ()),
        )

    def _most_epochs(self, task: DeepTask) -> int:
        """Epochs of all stages, for who watches."""
        return task.recipe.epochs + _stages_before(task) * task.recipe.stage_epochs

    def _with_checkpoints(self, task: DeepTask, job: FitJob[GangPlan]) -> DeepTask:
        given = ("classes", "seed", "patience", "monitor", "class_weights", "callbacks")
        paths = [each for each in (task.recipe.network, *task.callbacks) if is_path(each)]
        facts = {
            "recipe": asdict(task.recipe),
            **{name: getattr(task, name) for name in given},
            "sources": {path: file_mark(path) for path in paths},
        }
        return replace(task, kept=self._kept(job, facts, self.value("checkpoint_epochs")))

    def learningRateRange(  # noqa: N802 - Spark ML's style
        self, dataset: DataFrame, low: float = 1e-6, high: float = 1.0, steps: int = 200
    ) -> RateRange:
        """Train with a step size that grows from step to step, and see what the loss does.

        Parameters
        ----------
        dataset : DataFrame
            The table.
        low, high : float
            First and last step size.
        steps : int
            How many; fewer, when the loss has left all bounds before.

        Raises
        ------
        UserError
            When the range is none.
        """
        require_range(low, high, steps)
        return self._with_job(dataset, lambda job: self._walk(job, low, high, steps))

    def batchSweep(  # noqa: N802 - Spark ML's style
        self,
        dataset: DataFrame,
        batch_sizes: Sequence[int],
        learning_rates: Sequence[float],
        orders: int = 3,
        epochs: int = 2,
    ) -> list[Pair]:
        """Train with every pair of batch size and step size, each with several orders of rows.

        Parameters
        ----------
        dataset : DataFrame
            The table.
        batch_sizes : sequence of int
            Rows of a batch, all workers together.
        learning_rates : sequence of float
            Step sizes.
        orders : int
            Orders of rows; all begin with the same weights.
        epochs : int
            Passes over the rows of each training.

        Raises
        ------
        UserError
            When there is nothing to sweep.
        """
        require_sweep(batch_sizes, learning_rates, orders)
        return self._with_job(
            dataset, lambda job: self._sweep(job, batch_sizes, learning_rates, orders, epochs)
        )

    def _sweep(
        self,
        job: FitJob[GangPlan],
        batch_sizes: Sequence[int],
        rates: Sequence[float],
        orders: int,
        epochs: int,
    ) -> list[Pair]:
        tasks = variants(self._task(job), batch_sizes, rates, orders, epochs)
        work = partial(train_variants, tasks)
        first, _ = self._run_gang(job, work, collective="horovod", step="epoch", most=1)
        rows = job.shards.rows["train"]
        measure = self.measures[0]
        return pairs(first["histories"], batch_sizes, rates, orders, rows, measure)

    def _walk(self, job: FitJob[GangPlan], low: float, high: float, steps: int) -> RateRange:
        task = replace(self._task(job), callbacks=())
        work = partial(walk_rates, task, low=low, high=high, steps=steps)
        first, _ = self._run_gang(job, work, collective="horovod", step="epoch", most=1)
        return RateRange(tuple(first["rates"]), tuple(first["losses"]))

    def _train(self, job: FitJob[GangPlan]) -> Trained:
        task = self._with_checkpoints(self._task(job), job)
        _warn_of_small_batches(task)
        first, measures = self._run_gang(
            job,
            partial(train_epochs, task, scratch=job.scratch),
            collective="horovod",
            step="epoch",
            most=self._most_epochs(task),
        )
        history = first["history"]
        best = {"best_epoch": first["best_epoch"], "epochs": len(history)}
        facts: Mapping[str, Any] = {
            name: first[name]
            for name in ("target", "zeros", "padded", "trained_parameters")
            if name in first
        }
        return Trained(first["files"].read(), {**measures, **best}, history, {FACTS: facts})


def _stages_before(task: DeepTask) -> int:
    """Stages of a hierarchical network before the whole."""
    recipe = task.recipe
    if recipe.network != "hierarchical":
        return 0
    groups = with_places(recipe, task.features).groups or ()
    grouped = {place for group in groups for place in group}
    parts = recipe.segments or len(groups)
    has_rest = (
        bool(set(task.features.categorical))
        if recipe.segments
        else (len(grouped) < task.features.width)
    )
    return parts + has_rest


def _warn_of_small_batches(task: DeepTask) -> None:
    """Batch norm normalises over a worker's own rows of a step."""
    kind = task.recipe.network
    is_chosen = kind in _NORMALISED and task.recipe.normalisation == "batch"
    if not is_chosen and kind != "convolutional":
        return
    sizes = task.shards.sizes["train"]
    each = max(task.recipe.rows_of_batch(len(sizes)) // len(sizes), 1)
    rows = min(sizes) // -(-max(sizes) // each)
    if rows < _FEW_ROWS:
        logger.warning(
            "a worker has %s rows at each step, too few to normalise over; set %sa larger "
            "batch_size, or fewer workers",
            f"only {rows}" if rows else "only 0 or 1",
            "normalisation=layer, " if is_chosen else "",
        )
