"""What a fit by Spark jobs keeps in its store: replicas, the features' pipeline, marks of both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.bagging.class_weights import weights_of
from pipeline.bagging.replicas import STORE_MARK
from pipeline.bagging.spark_learners.allowed import is_ours
from pipeline.bagging.spark_learners.features import (
    DIRECTORY,
    Inputs,
    fit_inputs,
    load_inputs,
    require_values,
)
from pipeline.bagging.spark_learners.members import Members, directory_of
from pipeline.bagging.spark_learners.plan import Plan
from pipeline.bagging.spark_learners.table import Content
from pipeline.bagging.store import ReplicaStore
from pipeline.errors import UserError
from pipeline.estimators.profile import Described
from pipeline.spark.causes import executors_speak
from pipeline.spark.told import heard, telling
from pipeline.store.installed import installed
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.bagging.estimator import BaggingEstimator

_FEATURES_DONE = "features.done"
_DONE = re.compile(r"replica-(\d{6})\.done")


class MemberStore:
    """Replicas and the features' pipeline in a directory; marks say which of them are whole.

    Parameters
    ----------
    store : ReplicaStore
        The directory.
    """

    def __init__(self, store: ReplicaStore) -> None:
        self._store = store
        self.uri = store.uri

    def __enter__(self) -> MemberStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is not None:
            self._store.discard()

    def done(self) -> set[int]:
        """Replicas that were saved whole, also by an attempt that was killed."""
        found = (_DONE.fullmatch(name) for name in files.children(self.uri))
        return {int(match[1]) for match in found if match}

    def save(self, members: Members, model: Any, replica: int) -> None:
        """Save a replica, then say that it is there."""
        members.save(model, self.uri, replica)
        files.write_bytes(files.join(self.uri, f"{directory_of(replica)}.done"), b"")

    def inputs(self, training: DataFrame, plan: Plan, schema: Any, content: Content) -> Inputs:
        """How learners see the features: as a killed attempt has saved it, or fitted and saved.

        Replicas that are there already were trained on the former.
        """
        reads_columns = is_ours(plan.learner)
        if files.exists(files.join(self.uri, _FEATURES_DONE)):
            saved = StoredFiles(self.uri, dict.fromkeys(self._names([DIRECTORY])))
            return load_inputs(self.uri, saved, schema, reads_columns=reads_columns)
        if not reads_columns:
            require_values(schema, content.values)
        inputs = fit_inputs(training, schema, reads_columns=reads_columns)
        if inputs.pipeline is not None:
            place = files.join(files.absolute(self.uri), DIRECTORY)
            inputs.pipeline.write().overwrite().save(place)
            files.write_bytes(files.join(self.uri, _FEATURES_DONE), b"")
        return inputs

    def natives(self, replicas: int, rows: str | None) -> StoredFiles:
        """The files of a model with so many replicas, and with its out-of-bag rows."""
        wanted = [DIRECTORY, *map(directory_of, range(replicas)), *([rows] if rows else [])]
        return self._store.stored(self._names(wanted))

    def _names(self, directories: Iterable[str]) -> list[str]:
        """All files below these directories, without Hadoop's own checksums of local files."""
        wanted = set(directories)
        found = (name.split("/") for name in files.names(self.uri))
        return ["/".join(parts) for parts in found if parts[0] in wanted and parts[-1][0] != "."]


def open_store(
    estimator: BaggingEstimator[Any],
    spark: SparkSession,
    plan: Plan,
    described: Described,
    content: Content,
) -> MemberStore:
    """The place for a fit's replicas, which depend on all that is named here.

    Raises
    ------
    UserError
        When an executor does not see that place.
    """
    facts = {
        "learner": plan.name,
        "params": dict(plan.params),
        "features": described.features.to_json(),
        "label": described.label.to_json(),
        "sampling": plan.sampling.to_json(),
        "class_weights": weights_of(estimator.value("class_weight"), described),
        "seed": estimator.value("seed"),
        "data": content.fingerprint,
        "versions": installed(),
    }
    scratch = estimator._scratch(spark)
    store = MemberStore(ReplicaStore.for_facts(estimator.value("checkpoint_dir"), scratch, facts))
    with store:
        _require_seen(spark, store.uri)
    return store


def _require_seen(spark: SparkSession, uri: str) -> None:
    """Raise unless executors see the place where Spark's writers put replicas: one short job."""

    def look(_places: Iterable[int]) -> Iterator[None]:
        if not files.exists(files.join(uri, STORE_MARK)):
            raise UserError(
                f"an executor does not see {uri}, where replicas are kept. Set checkpoint_dir (for "
                "jobs: output) or scratchDir to a URI that every node reaches: s3://, hdfs://, or "
                "a shared file system"
            )
        yield None

    context = spark.sparkContext
    size = max(context.defaultParallelism, 1)
    with executors_speak():
        heard(context.parallelize(range(size), size).mapPartitions(telling(look)).collect())
