"""The way of a fit whose replicas are trained by Spark jobs; the rows stay a Spark frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from pyspark import StorageLevel

from pipeline.bagging.spark_learners.allowed import require_classes
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.names import require_free
from pipeline.bagging.spark_learners.plan import plan_of
from pipeline.bagging.spark_learners.store import open_store
from pipeline.bagging.spark_learners.table import content_of, prepared, training_rows
from pipeline.bagging.spark_learners.training import JobsFit
from pipeline.bagging.votes import Ballot
from pipeline.estimators.class_weights import weights_of
from pipeline.estimators.profile import describe
from pipeline.spark.scratch import Scratch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.bagging.estimator import BaggingEstimator
    from pipeline.bagging.model import BaggingModel
    from pipeline.spark.shards import ShardSet


def fit_jobs(estimator: BaggingEstimator[Any], dataset: DataFrame) -> BaggingModel:
    """Fit an ensemble whose learner is a Spark ML estimator.

    Parameters
    ----------
    estimator : BaggingEstimator
        With all its params.
    dataset : DataFrame
        The training frame.

    Raises
    ------
    UserError
        For params that do not go with such a learner, before the first Spark job; for a table that
        cannot be used.
    """
    began = time.monotonic()
    plan = plan_of(estimator)
    columns = estimator._columns(dataset)
    require_free(columns.read)
    spark = dataset.sparkSession
    with (
        Scratch(estimator._scratch(spark), "bagging") as scratch,
        _persisted(estimator._with_identity(dataset, columns)) as rows,
    ):
        described = describe(rows, columns)
        label, seed = described.label, estimator.value("seed")
        require_classes(plan.name, len(label.classes))
        content = content_of(rows, columns, described.features, estimator.value("rowIdCol"))
        weights = weights_of(estimator.value("class_weight"), described)
        training = training_rows(rows, columns)
        with open_store(estimator, spark, plan, described, content) as store:
            inputs = store.inputs(training, plan, described.features, content)
            members = Members(
                plan.learner, plan.params, inputs, plan.sampling, seed, len(label.classes)
            )
            ballot = Ballot(len(label.classes), estimator._combine, label.bounds)
            fit = JobsFit(estimator, plan, store, members, ballot, scratch.uri)
            identity = estimator._id_column
            frame = prepared(training, identity, columns, label, weights, inputs)
            with _persisted(frame):
                frame.count()
                rows.unpersist()  # the frame is computed, and holds all that is needed of them
                trained = fit.run(frame, label, weights)
    # What is asked of shards there: how many rows, and a number for their content.
    shards = cast("ShardSet", content)
    metadata = estimator._metadata(trained, described, shards, time.monotonic() - began)
    model: BaggingModel = estimator._model(metadata, trained)
    return model


@contextmanager
def _persisted(frame: DataFrame) -> Iterator[DataFrame]:
    """A frame that is computed once, as long as it is entered."""
    frame.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield frame
    finally:
        frame.unpersist()
