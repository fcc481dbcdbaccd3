"""What a fit by Spark jobs keeps in its store: replicas, the features' pipeline, marks of both."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import files
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
from pipeline.bagging.spark_learners.saved import is_own_name, names_below, own_name
from pipeline.bagging.spark_learners.table import Content
from pipeline.bagging.store import ReplicaStore
from pipeline.errors import EnsemblesError, ModelError, UserError
from pipeline.estimators.class_weights import weights_of
from pipeline.estimators.profile import Described
from pipeline.spark.causes import executors_speak
from pipeline.spark.told import heard, telling
from pipeline.store.installed import installed
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.bagging.estimator import BaggingEstimator

logger = logging.getLogger(__name__)

_DONE = ".done"  # how marks end; each holds the name of the directory that it is for
_REPLICA = re.compile(r"replica-(\d{6})")
_READS_AT_ONCE = 8


class MemberStore:
    """Replicas and the features' pipeline in a directory; marks say which of them are whole.

    Two fits may share a checkpoint, also at the same time: each writes to directories of its own,
    and a mark, which only one of them can make, names the one that both use.

    Parameters
    ----------
    store : ReplicaStore
        The directory.
    """

    def __init__(self, store: ReplicaStore) -> None:
        self._store = store
        self._known: dict[str, str] = {}
        self.uri = store.uri

    def __enter__(self) -> MemberStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is not None:
            self._store.discard()

    def done(self) -> set[int]:
        """Replicas that were saved whole, also by an attempt that was killed."""
        found = (_REPLICA.fullmatch(name) for name in self._kept())
        return {int(match[1]) for match in found if match}

    def save(self, members: Members, model: Any, replica: int) -> None:
        """Save a replica, then say that it is there."""
        self.keep(directory_of(replica), lambda place: members.save(model, place))

    def load(self, members: Members, replica: int) -> Any:
        """A replica's model."""
        directory = self._kept()[directory_of(replica)]
        return members.load(self._stored(directory), self.uri, directory)

    def inputs(self, training: DataFrame, plan: Plan, schema: Any, content: Content) -> Inputs:
        """How learners see the features: as another fit has saved it, or fitted and saved.

        Replicas that are there already were trained on the former.
        """
        reads_columns = is_ours(plan.learner)
        if DIRECTORY not in self._kept():
            if not reads_columns:
                require_values(schema, content.values)
            inputs = fit_inputs(training, schema, reads_columns=reads_columns)
            if inputs.pipeline is None or self.keep(DIRECTORY, partial(_save, inputs.pipeline)):
                return inputs
        saved = self._stored(self._kept()[DIRECTORY])
        return load_inputs(saved, schema, reads_columns=reads_columns)

    def rows(self, name: str, write: Callable[[str], None]) -> str:
        """The directory of rows' out-of-bag predictions; written where there is none yet.

        Parameters
        ----------
        name : str
            What it is called, but for its writer's own mark.
        write : callable
            Writes them to a URI.
        """
        if name not in self._kept():
            self.keep(name, write)
        return self._kept()[name]

    def natives(self, replicas: int, rows: str | None) -> StoredFiles:
        """The files of a model with so many replicas, and with its out-of-bag rows."""
        kept = self._kept()
        wanted = [kept[directory_of(replica)] for replica in range(replicas)]
        wanted += [kept[DIRECTORY]] if DIRECTORY in kept else []
        wanted += [rows] if rows else []
        return self._store.stored(names_below(self.uri, set(wanted)))

    def keep(self, name: str, write: Callable[[str], None]) -> bool:
        """Write a directory that no other fit writes to, and put it forward as the one to use.

        Fits of the same checkpoint may do so at the same time; the first one's is used by all.

        Parameters
        ----------
        name : str
            What the directory is called, but for its writer's own mark.
        write : callable
            Writes it to a URI.

        Returns
        -------
        bool
            Whether it is the one to use; otherwise it is gone.
        """
        directory = own_name(name)
        place = files.join(self.uri, directory)
        try:
            write(place)
        except BaseException:
            _discard(place)
            raise
        with suppress(FileExistsError):
            files.create_bytes(files.join(self.uri, name + _DONE), directory.encode())
        # Read in any case: S3 may say that a mark is there when it is our own, asked for twice.
        is_used = self._read(name) == directory
        if not is_used:
            _discard(place)
        return is_used

    def _kept(self) -> dict[str, str]:
        """Directories that are to be used, by what they are called; their marks are read once."""
        marked = [name for name in files.children(self.uri) if name.endswith(_DONE)]
        new = [name for name in map(_without_mark, marked) if name not in self._known]
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            self._known.update(zip(new, pool.map(self._read, new), strict=True))
        return dict(self._known)

    def _read(self, name: str) -> str:
        mark = files.join(self.uri, name + _DONE)
        directory = files.read_bytes(mark).decode(errors="replace")
        if not is_own_name(directory, name):
            raise ModelError(f"{mark}: damaged; delete {self.uri}, and train again")
        return directory

    def _stored(self, directory: str) -> StoredFiles:
        return StoredFiles(self.uri, dict.fromkeys(names_below(self.uri, {directory})))


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


def _save(pipeline: PipelineModel, place: str) -> None:
    pipeline.write().overwrite().save(files.absolute(place))


def _without_mark(name: str) -> str:
    return name.removesuffix(_DONE)


def _discard(place: str) -> None:
    try:
        files.delete(place)
    except EnsemblesError as error:  # why it is not needed matters more
        logger.warning("%s was not deleted: %s", place, error)
