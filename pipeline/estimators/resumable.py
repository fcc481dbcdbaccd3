"""What estimators share whose training is kept on its way: checkpoints, rows that are held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pyspark.ml.param import TypeConverters

from pipeline.estimators.encoder import GROUP
from pipeline.estimators.estimator import FitJob
from pipeline.estimators.gang_estimator import GangEstimator
from pipeline.estimators.holdout import held_out
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import OurParams, Rule, declare
from pipeline.estimators.profile import Columns
from pipeline.spark.resources import GangPlan
from pipeline.store import checkpoints
from pipeline.store.checkpoints import Kept
from pipeline.store.installed import installed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

M = TypeVar("M", bound=EnsembleModel)


class HoldoutParams(OurParams):
    """Which rows training is watched on, where the table marks none."""

    validation_fraction = declare(
        "validation_fraction",
        "share of the rows that are held out for validation, by their identity, where "
        "validationIndicatorCol names none",
        TypeConverters.toFloat,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("validation_fraction", lambda value: 0 <= value < 1, "at least 0 and below 1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(validation_fraction=0.0)


class CheckpointParams(OurParams):
    """Where what is kept of a fit lies that does not reach its end."""

    checkpoint_dir = declare(
        "checkpoint_dir",
        "URI where checkpoints are kept, so that a fit that was killed goes on; to be deleted when "
        "the model is saved; reachable from all nodes; unset: the fit's scratch",
        TypeConverters.toString,
    )
    resume_from = declare(
        "resume_from",
        "URI of a checkpoint to go on from; refused when it is of other data or params",
        TypeConverters.toString,
    )


class ResumableEstimator(HoldoutParams, CheckpointParams, GangEstimator[M]):
    """An estimator whose gang goes on from a checkpoint."""

    unit: ClassVar[Literal["round", "epoch"]]

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    def _split(self, rows: DataFrame, columns: Columns) -> tuple[DataFrame, Columns]:
        """Hold out a share of the rows, or of the queries, by their identity."""
        share = self.value("validation_fraction")
        if not share or columns.validation is not None:
            return rows, columns
        name = GROUP if columns.keeps_groups else self._id_column
        return held_out(rows, columns, share, name, self.value("seed"))

    def _kept(self, job: FitJob[GangPlan], facts: Mapping[str, Any], every: int) -> Kept:
        """The place of a fit's checkpoints.

        Parameters
        ----------
        job : FitJob
            What is trained.
        facts : mapping
            What the model depends on besides what all fits do, for JSON.
        every : int
            Rounds or epochs between checkpoints; 0: none.
        """
        facts = {**_facts(job), **facts}
        given = self.value("resume_from")
        named = checkpoints.require_matching(given, facts, self.unit) if given else None
        base = self.value("checkpoint_dir") if every else None
        kind = self.model_class.kind
        place = checkpoints.prepare(base, job.scratch, kind, facts, self.unit)
        return Kept(place, every, named)


def _facts(job: FitJob[GangPlan]) -> dict[str, Any]:
    """What every fit depends on."""
    return {
        "features": job.features.to_json(),
        "label": job.label.to_json(),
        "data": job.shards.fingerprint,
        "workers": job.layout.workers,
        "threads": job.layout.cores,
        "gpus": job.layout.gpus,
        "versions": installed(),
    }
