"""The models of bagging: replicas in their store, scored as one booster where that is possible."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pyarrow as pa

from pipeline import files
from pipeline.bagging.params import SpreadParams
from pipeline.bagging.predictor import facts_of, files_needed, needs_spark
from pipeline.bagging.resampling import SampledRows, Sampling, draw
from pipeline.data.encoding import LabelSchema
from pipeline.errors import ModelError, UserError
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.scoring import OutputColumns
from pipeline.spark.shard_file import Integers
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.bagging.estimator import BaggingEstimator
    from pipeline.bagging.spark_learners.scoring import Ensemble

logger = logging.getLogger(__name__)

M = TypeVar("M", bound="BaggingModel")

# Frames that read a model's files may outlive the model; so these stay until the process ends.
_read_by_frames: list[object] = []


class BaggingModel(EnsembleModel, SpreadParams):
    """A bagged ensemble; its native files are the replicas', one each.

    Where the ensemble's mean is a sum of trees, one more file holds all of them, and scoring reads
    that one alone.
    """

    kind: ClassVar[str] = "bagging"
    reads_all_files: ClassVar[bool] = False

    _loaded: Ensemble | None = None

    @property
    def replicas(self) -> int:
        """Number of replicas."""
        return int(self.metrics["replicas"])

    @property
    def placement(self) -> dict[str, str]:
        """Where replicas were trained (`kind`: task or gang), and why (`reason`)."""
        return dict(facts_of(self.metadata)["placement"])

    @property
    def importance(self) -> list[dict[str, Any]]:
        """How much the out-of-bag error grows when a column is shuffled, the greatest first.

        Dicts of `feature`, `increase` and its standard error `deviation`; empty unless the fit was
        asked for `importance`.
        """
        return list(self.metadata.get("importance", ()))

    def inBagCounts(  # noqa: N802 - Spark ML's style
        self, replica: int, frame: DataFrame | None = None
    ) -> Integers:
        """How often each training row, in the order of its identity, was drawn into a replica.

        Nothing row-sized is stored: the draw is made again from the seed.

        Parameters
        ----------
        replica : int
            Which replica.
        frame : DataFrame, optional
            The training frame; needed where a draw depends on the rows themselves (Poisson,
            stratified, grouped).

        Returns
        -------
        ndarray of int64, shape (training rows,)

        Raises
        ------
        UserError
            When there is no such replica, or the frame is needed, or is not the training frame.
        """
        if not 0 <= replica < self.replicas:
            raise UserError(f"there is no replica {replica}; the model has {self.replicas}, from 0")
        sampling = Sampling(**facts_of(self.metadata)["sampling"])
        rows = self.metadata["rows"]["train"]
        if not sampling.needs_rows:
            return draw(sampling, self.metadata["seed"], replica, SampledRows(rows))
        if frame is None:
            raise UserError(
                "the draws of this model depend on the rows (Poisson, stratified or grouped): call "
                "inBagCounts(replica, frame) with the training frame"
            )
        sampled = self._sampled(frame)
        if sampled.rows != rows:
            raise UserError(
                f"the frame has {sampled.rows} training rows and the model was trained on {rows}: "
                "it is not the training frame"
            )
        return draw(sampling, self.metadata["seed"], replica, sampled)

    def outOfBag(self, spark: SparkSession | None = None) -> DataFrame:  # noqa: N802
        """Each training row's out-of-bag prediction.

        Returns
        -------
        DataFrame
            `row_id` (the row's identity: that of `rowIdCol` where the fit was given one), `votes`
            (replicas that have not seen the row), `prediction`, and for classes `probability`. A
            row without a vote has votes 0 and NaN (null where classes are strings).

        Raises
        ------
        UserError
            When the fit was not asked for them.
        """
        from pyspark.sql import SparkSession

        directory = facts_of(self.metadata).get("rows")
        if directory is None:
            raise UserError(
                "this model has no out-of-bag rows: train it with out_of_bag=rows to keep them"
            )
        if not isinstance(self.natives, StoredFiles):
            raise ModelError("the model's files are not in a store")
        session = spark or SparkSession.getActiveSession()
        if session is None:
            raise UserError("outOfBag needs a Spark session: pass it")
        _read_by_frames.append(self.natives)
        return session.read.parquet(files.join(self.natives.uri, directory))

    def _sampled(self, frame: DataFrame) -> SampledRows:
        """What draws depend on, of the training rows in the order of their identity."""
        rows: Any = self._estimator().sampled_rows(frame).toPandas()
        found = rows.sort_values("row_id")
        schema = LabelSchema.from_json(self.metadata["label"])
        label = schema.encode(pa.array(found["label"].to_numpy()))
        return SampledRows(len(found), found["row_id"].to_numpy(), label, found["group"].to_numpy())

    def _estimator(self) -> BaggingEstimator[Any]:
        from pipeline.bagging.estimator import BaggingClassifier, BaggingRegressor

        is_number = LabelSchema.from_json(self.metadata["label"]).is_number
        kind: Any = BaggingRegressor if is_number else BaggingClassifier
        known = kind()
        params = {
            name: value for name, value in self.metadata["params"].items() if known.hasParam(name)
        }
        estimator: BaggingEstimator[Any] = kind(**params)
        return estimator

    def score(self, dataset: DataFrame, keep: Sequence[str] | None = None) -> DataFrame:
        """As `transform`, but of the frame's own columns only those of `keep` remain."""
        facts = facts_of(self.metadata)
        if not facts["merged"]:
            logger.info(
                "scoring asks %d replicas one by one: the ensemble's %s of %s is no sum of trees",
                self.replicas,
                facts["combine"],
                facts["learner"],
            )
        if needs_spark(facts):
            return self._ensemble.score(dataset, self._output_columns(), keep)
        return super().score(dataset, keep)

    # No cached property: Spark's Params would look at it, and load all replicas.
    @property
    def _ensemble(self) -> Ensemble:
        """Replicas that are Spark ML models, loaded once for this model."""
        from pipeline.bagging.spark_learners.scoring import Ensemble

        if self._loaded is None:
            self._loaded = Ensemble.load(self.metadata, self.natives, self._allowed)
        return self._loaded

    def _output_columns(self) -> OutputColumns:
        return OutputColumns(
            self.value("rawPredictionCol"),
            self.value("probabilityCol"),
            self.value("predictionCol"),
            self.value("spread_col") or "",
            self.value("quantiles_col") or "",
            tuple(self.value("quantiles")),
        )

    def _names_to_score_with(self) -> list[str]:
        output = self._output_columns()
        needs_members = bool(output.deviation or output.quantiles)
        return files_needed(self.metadata, self.natives, needs_members=needs_members)


class BaggingClassificationModel(BaggingModel):
    """A bagged classifier."""


class BaggingRegressionModel(BaggingModel):
    """A bagged regressor."""
