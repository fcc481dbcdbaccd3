"""One replica: the estimator that trains it, on what rows and columns, and where it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors import IllegalArgumentException

from pipeline import files
from pipeline.bagging.resampling import Sampling, columns_of, learner_seed
from pipeline.bagging.spark_learners.allowed import is_ours, model_class, saved_names
from pipeline.bagging.spark_learners.features import Inputs
from pipeline.bagging.spark_learners.names import LABEL, ROW, WEIGHT
from pipeline.bagging.spark_learners.saved import require_kinds
from pipeline.errors import UserError
from pipeline.spark.shard_file import Integers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def directory_of(replica: int) -> str:
    """What the directory of a replica is called, but for its writer's own mark."""
    return f"replica-{replica:06d}"


def new_learner(estimator: type[Any], params: Mapping[str, Any], seed: int) -> Any:
    """An untrained estimator.

    Raises
    ------
    UserError
        When MLlib does not take a param's value.
    """
    learner = estimator()
    learner._set(**params)
    if learner.hasParam("seed"):
        learner._set(seed=seed)
    # Only the JVM knows what values are allowed; otherwise the first job would be told.
    transfer = getattr(learner, "_transfer_params_to_java", None)
    if transfer is not None:
        try:
            transfer()
        except IllegalArgumentException as error:
            raise UserError(f"learner {estimator.__name__}: {error}") from error
    return learner


@dataclass(frozen=True)
class Members:
    """What all replicas of an ensemble have in common.

    Parameters
    ----------
    estimator : type
        The learner's class.
    params : mapping
        Its params by name.
    inputs : Inputs
        How it sees a table.
    sampling : Sampling
        How a replica's rows and columns are drawn.
    seed : int
        The ensemble's seed.
    classes : int
        Classes of the label; 0 for numbers.
    """

    estimator: type[Any]
    params: Mapping[str, Any]
    inputs: Inputs
    sampling: Sampling
    seed: int
    classes: int

    @property
    def outputs(self) -> int:
        """Numbers that a replica says about a row."""
        return self.classes if self.classes > 2 else 1

    def train(self, frame: DataFrame, replica: int) -> Any:
        """Train a replica on its sample: Spark jobs of the learner's own."""
        frame, columns = self.seen(frame, replica)
        model = self.new(replica, columns).fit(frame)
        self._require_all_classes(model, replica)
        return model

    def new(self, replica: int, columns: Mapping[str, Any]) -> Any:
        """The untrained estimator of a replica."""
        given = {"labelCol": LABEL, "weightCol": WEIGHT, **columns, **self.params}
        if is_ours(self.estimator):
            given["rowIdCol"] = ROW
        return new_learner(self.estimator, given, learner_seed(self.seed, replica))

    def save(self, model: Any, place: str) -> None:
        """Save a replica's model to a directory, by Spark's own writer."""
        model.write().overwrite().save(files.absolute(place))

    def load(self, natives: Mapping[str, bytes], uri: str, directory: str) -> Any:
        """A replica's model.

        Parameters
        ----------
        natives : mapping of str to bytes
            Its files, at least.
        uri : str
            Where they lie.
        directory : str
            The replica's directory there.

        Raises
        ------
        ModelError
            When its metadata names another class.
        """
        kind = model_class(self.estimator)
        require_kinds(natives, directory, saved_names(kind))
        return kind.read().load(files.join(files.absolute(uri), directory))

    def seen(self, frame: DataFrame, replica: int) -> tuple[DataFrame, dict[str, Any]]:
        """A prepared frame with what one replica reads, and the params that say so."""
        return self.inputs.for_replica(frame, replica, self.columns_of(replica))

    def columns_of(self, replica: int) -> Integers | None:
        """Positions of the columns that a replica may use; None: all."""
        return columns_of(self.sampling, self.seed, replica, self.inputs.schema.width)

    def _require_all_classes(self, model: Any, replica: int) -> None:
        if is_ours(self.estimator) or not self.classes:
            return
        found = getattr(model, "numClasses", self.classes)
        if found != self.classes:
            raise UserError(
                f"replica {replica}: learner {self.estimator.__name__} has seen {found} of the "
                f"label's {self.classes} classes, as its sample has no row of the others; raise "
                "max_samples, or leave rare classes out"
            )
