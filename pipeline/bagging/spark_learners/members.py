"""One replica: the estimator that trains it, and what its model says about rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors import IllegalArgumentException
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F  # noqa: N812

from pipeline import files
from pipeline.bagging.resampling import Sampling, columns_of, learner_seed
from pipeline.bagging.spark_learners.allowed import is_ours, model_class
from pipeline.bagging.spark_learners.features import Inputs
from pipeline.bagging.spark_learners.names import LABEL, ROW, SCORES, WEIGHT, output
from pipeline.data.names import column
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def directory_of(replica: int) -> str:
    """The directory of a replica, below that of the model's files."""
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
        frame, columns = self._seen(frame, replica)
        model = self.new(replica, columns).fit(frame)
        self._require_all_classes(model, replica)
        return model

    def new(self, replica: int, columns: Mapping[str, Any]) -> Any:
        """The untrained estimator of a replica."""
        given = {"labelCol": LABEL, "weightCol": WEIGHT, **columns, **self.params}
        if is_ours(self.estimator):
            given["rowIdCol"] = ROW
        return new_learner(self.estimator, given, learner_seed(self.seed, replica))

    def save(self, model: Any, uri: str, replica: int) -> None:
        """Save a replica's model below a directory, by Spark's own writer."""
        model.write().overwrite().save(files.join(files.absolute(uri), directory_of(replica)))

    def load(self, uri: str, replica: int) -> Any:
        """A replica's model, whose output goes to a column of its own."""
        place = files.join(files.absolute(uri), directory_of(replica))
        return self._quiet(model_class(self.estimator).read().load(place), replica)

    def with_scores(self, frame: DataFrame, models: Sequence[tuple[int, Any]]) -> DataFrame:
        """A prepared frame with an array of what each of these models says, one after the other."""
        kept = frame.columns
        scores = []
        for replica, model in models:
            frame = model.transform(self._seen(frame, replica)[0])
            scores.append(self._scores(model, output(replica)))
        kept = [name for name in kept if name not in self.inputs.columns]
        return frame.select(*map(column, kept), F.concat(*scores).alias(SCORES))

    def _seen(self, frame: DataFrame, replica: int) -> tuple[DataFrame, dict[str, Any]]:
        columns = columns_of(self.sampling, self.seed, replica, self.inputs.schema.width)
        return self.inputs.for_replica(frame, replica, columns)

    def _quiet(self, model: Any, replica: int) -> Any:
        """Let a model write one column only: probabilities where it has them."""
        names = ("rawPredictionCol", "probabilityCol", "predictionCol")
        quiet = {name: "" for name in names if model.hasParam(name)}
        wanted = "probabilityCol" if self._has_shares(model) else "predictionCol"
        model._set(**{**quiet, wanted: output(replica)})
        return model

    def _has_shares(self, model: Any) -> bool:
        return bool(self.classes) and model.hasParam("probabilityCol")

    def _scores(self, model: Any, name: str) -> Column:
        """What a model says, as an array of `outputs` doubles."""
        value = column(name)
        if not self.classes:
            return F.array(value.cast("double"))
        if self._has_shares(model):
            said = vector_to_array(value)
            places = _places(model, self.classes)
            shares = [F.lit(0.0) if at is None else said[at] for at in places]
        else:
            shares = [(value == float(each)).cast("double") for each in range(self.classes)]
        return F.array(*(shares if self.classes > 2 else shares[1:]))

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


def _places(model: Any, classes: int) -> list[int | None]:
    """Where a model's probabilities have each class; None for one that it has not seen."""
    own = getattr(model, "classes", None)  # of this project's models; MLlib's know all classes
    if own is None:
        return list(range(classes))
    known = {int(each): place for place, each in enumerate(own)}
    return [known.get(each) for each in range(classes)]
