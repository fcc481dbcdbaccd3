"""Scoring a frame with replicas that are Spark ML models, put together at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.pandas.functions import pandas_udf

from pipeline.bagging.combining import combined, of_predicted, probabilities
from pipeline.bagging.resampling import Sampling
from pipeline.bagging.spark_learners.allowed import is_ours, load_class
from pipeline.bagging.spark_learners.features import DIRECTORY, load_inputs
from pipeline.bagging.spark_learners.members import Members, directory_of
from pipeline.bagging.spark_learners.names import RESULT, SCORES, passing
from pipeline.bagging.spark_learners.pool import in_threads
from pipeline.bagging.spark_learners.saved import directories_in, require_listed
from pipeline.bagging.spark_learners.scorers import Scorer, scorer_of
from pipeline.bagging.votes import Ballot
from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.data.names import column, require, require_free
from pipeline.errors import ModelError
from pipeline.estimators.scoring import OutputColumns
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_RAW, _SHARES, _VALUE, _DEVIATION, _QUANTILES = "raw", "shares", "value", "deviation", "quantiles"
_RESULT_SCHEMA = (
    f"{_RAW} array<double>, {_SHARES} array<double>, {_VALUE} double, {_DEVIATION} double, "
    f"{_QUANTILES} array<double>"
)
_LOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Ensemble:
    """A model's replicas, loaded on the driver.

    Parameters
    ----------
    members : Members
        What they have in common.
    models : list of (int, model)
        The replicas.
    ballot : Ballot
        How they are put together.
    label : LabelSchema
        What is predicted.
    scorer : Scorer
        What scores frames with them.
    """

    members: Members
    models: list[tuple[int, Any]]
    ballot: Ballot
    label: LabelSchema
    scorer: Scorer

    @classmethod
    def load(
        cls, metadata: Mapping[str, Any], natives: Mapping[str, bytes], allowed: Sequence[str]
    ) -> Ensemble:
        """Load a model's replicas: Spark jobs, a few small ones for each.

        Parameters
        ----------
        metadata : mapping
            The model's manifest.
        natives : mapping of str to bytes
            Its files, in a store.
        allowed : sequence of str
            Import paths that may be loaded besides those that are known.

        Raises
        ------
        ModelError
            When the files are not in a store, when some are missing or damaged, when others lie
            beside them, or when they name classes that they should not.
        """
        if not isinstance(natives, StoredFiles):
            raise ModelError("the model's files are not in a store: load it from where it is saved")
        facts = metadata["bagging"]
        learner = load_class(facts["learner"], allowed)
        schema = FeatureSchema.from_json(metadata["features"])
        label = LabelSchema.from_json(metadata["label"])
        places = _places_of(natives, int(metadata["metrics"]["replicas"]))
        _require_whole(natives)
        members = Members(
            learner,
            facts["learner_params"],
            load_inputs(natives, schema, reads_columns=is_ours(learner)),
            Sampling(**facts["sampling"]),
            int(metadata["seed"]),
            len(label.classes),
        )

        def load(replica: int) -> tuple[int, Any]:
            return replica, members.load(natives, natives.uri, places[replica])

        numbers = range(len(places))
        models = sorted(in_threads(load, numbers, _LOADS_AT_ONCE), key=lambda pair: pair[0])
        ballot = Ballot(len(label.classes), facts["combine"], label.bounds)
        return cls(members, models, ballot, label, scorer_of(members, models))

    def score(
        self, frame: DataFrame, output: OutputColumns, keep: Sequence[str] | None
    ) -> DataFrame:
        """Add the ensemble's scores to a frame.

        Parameters
        ----------
        frame : DataFrame
            Rows with the model's feature columns.
        output : OutputColumns
            Names of the columns to add.
        keep : sequence of str or None
            The frame's columns that pass through; None: all of them.

        Raises
        ------
        DataError
            When a feature column is missing, or an output column is there already.
        """
        kept = frame.columns if keep is None else list(keep)
        features = self.members.inputs.schema.columns
        require(frame, features, "the model's features")
        require(frame, kept, "columns to keep")
        fields = output.fields(self.label)
        for field in fields:
            require_free(frame, field.name)
        through = [column(name).alias(passing(place)) for place, name in enumerate(kept)]
        chosen = frame.select(*through, *map(column, features))
        scored = self.scorer.scored(self.members.inputs.prepared(chosen))
        make: Any = pandas_udf  # its stubs know the functions of some types only
        combine = make(self._combine(output), _RESULT_SCHEMA)
        found = scored.withColumn(RESULT, combine(column(SCORES)))
        named = [column(passing(place)).alias(name) for place, name in enumerate(kept)]
        added = self._columns(output)
        return found.select(*named, *(added[field.name].alias(field.name) for field in fields))

    def _columns(self, output: OutputColumns) -> dict[str, Column]:
        """The output columns by name, from the struct of results."""

        def part(name: str) -> Column:
            return column(RESULT).getField(name)

        value = part(_VALUE)
        if not self.label.is_number:
            classes = F.array(*map(F.lit, self.label.classes))
            value = F.element_at(classes, (value + 1).cast("int"))
        return {
            output.raw: array_to_vector(part(_RAW)),
            output.probability: array_to_vector(part(_SHARES)),
            output.prediction: value,
            output.deviation: part(_DEVIATION),
            output.quantiles: part(_QUANTILES),
        }

    def _combine(self, output: OutputColumns) -> Callable[[pd.Series], pd.DataFrame]:
        """A function of arrays of all replicas' scores; runs on executors."""
        ballot, outputs, replicas = self.ballot, self.members.outputs, len(self.models)
        levels = output.levels if output.quantiles else ()
        wants_spread = bool(output.deviation or output.quantiles)

        def combine(scores: pd.Series) -> pd.DataFrame:
            rows = len(scores)
            flat = np.concatenate(scores.to_list()) if rows else np.empty(0)
            each = flat.reshape(rows, replicas, outputs).swapaxes(0, 1)
            found = put_together(each, ballot, levels, wants_spread=wants_spread)
            return pd.DataFrame(
                {
                    name: list(values) if values.ndim == 2 else values
                    for name, values in found.items()
                }
            )

        return combine


def put_together(
    each: npt.NDArray[Any], ballot: Ballot, levels: tuple[float, ...], *, wants_spread: bool
) -> dict[str, npt.NDArray[Any]]:
    """The ensemble's results from its members' scores, shape (members, rows, outputs)."""
    rows = each.shape[1]
    shares = combined(each, ballot)
    if ballot.classes:
        shares = probabilities(shares, ballot.classes)
        values = np.argmax(shares, axis=1).astype(np.float64)
    else:
        values = shares[:, 0]
    deviation, quantiles = np.zeros(rows), np.empty((rows, 0))
    if wants_spread:
        spread = of_predicted(each, ballot.classes, values)
        deviation = spread.std(axis=0)
        quantiles = np.quantile(spread, levels, axis=0).T if levels else quantiles
    return {
        _RAW: shares * len(each),
        _SHARES: shares,
        _VALUE: values,
        _DEVIATION: deviation,
        _QUANTILES: quantiles,
    }


def _places_of(natives: StoredFiles, replicas: int) -> list[str]:
    """The directories of all replicas, in their order."""
    there = directories_in(natives)
    wanted = [directory_of(replica) for replica in range(replicas)]
    lacking = [name for name in wanted if name not in there]
    if lacking:
        raise ModelError(f"the model lacks {lacking[0]}; train it again, or take another copy")
    return [there[name] for name in wanted]


def _require_whole(natives: StoredFiles) -> None:
    """Raise unless what Spark will read is as it was saved: Spark does not check."""
    read = {
        directory
        for name, directory in directories_in(natives).items()
        if name == DIRECTORY or name.startswith("replica-")
    }
    require_listed(natives, read)
    for name in natives:
        if name.partition("/")[0] in read:
            natives.get(name)  # raises where the checksum is wrong
