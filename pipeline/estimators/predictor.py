"""Prediction without Spark: what a saved model does to a batch of rows.

Spark's scoring and a plain Python process use the same code: a `Predictor` takes Arrow batches, or
plain records, and gives class scores. Each trainer has its own, named in the model's metadata.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.data.encoding import FeatureSchema, LabelSchema, Matrix, Table
from pipeline.errors import DataError, ModelError
from pipeline.store import model_directory

Records: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | Table | Any
Scores: TypeAlias = npt.NDArray[np.float64]
Margins: TypeAlias = npt.NDArray[np.float32]

# Only these may be loaded by name: a model's metadata is data, not code.
_PREDICTORS = {
    "adaboost": "pipeline.boosting.adaboost.predictor:AdaBoostPredictor",
    "bagging": "pipeline.bagging.predictor:BaggingPredictor",
    "boosting": "pipeline.boosting.predictor:BoostingPredictor",
    "deep": "pipeline.deep.predictor:DeepPredictor",
    "text": "pipeline.transfer.predictor:TextPredictor",
}


class Predictor(ABC):
    """A trained model in this process.

    Parameters
    ----------
    metadata : mapping
        The model's manifest.
    natives : mapping of str to bytes
        Its native files.
    threads : int
        Threads to compute with.
    allowed : tuple of str
        Import paths that a model may load, besides those that are known. Never from its own
        metadata: a model is data, not code.
    """

    def __init__(
        self,
        metadata: Mapping[str, Any],
        natives: Mapping[str, bytes],
        threads: int = 1,
        allowed: Sequence[str] = (),
    ) -> None:
        self.metadata = metadata
        self.schema = FeatureSchema.from_json(metadata["features"])
        self.label = LabelSchema.from_json(metadata["label"])
        self.threads = threads
        self.allowed = tuple(allowed)
        self._open(natives)

    @property
    def classes(self) -> tuple[float, ...] | tuple[str, ...]:
        """The label's values, in the order of the probabilities."""
        return self.label.classes

    @abstractmethod
    def _open(self, natives: Mapping[str, bytes]) -> None:
        """Make the native model from its files."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that scoring reads."""
        return self.schema.columns

    def margins(self, table: Table) -> Margins | None:
        """The margins that rows start from, shape (rows, outputs); None: the model's own."""
        return None

    @abstractmethod
    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """Raw scores and probabilities of encoded rows, each of shape (rows, classes).

        Parameters
        ----------
        features : matrix
            Encoded rows.
        start : ndarray of float32, shape (rows, outputs), or None
            What `margins` gave.
        """

    def values(self, features: Matrix, start: Margins | None = None) -> Scores:
        """Predicted numbers of encoded rows, shape (rows,); arguments as for `scores`."""
        raise ModelError(f"a model of kind {self.metadata['kind']} predicts classes, not numbers")

    def spread(
        self, features: Matrix, predicted: npt.NDArray[Any], levels: tuple[float, ...]
    ) -> tuple[Scores, Scores]:
        """How far the members of an ensemble are apart.

        Parameters
        ----------
        features : matrix
            Encoded rows.
        predicted : ndarray, shape (rows,)
            What the ensemble predicts: class positions, or values.
        levels : tuple of float
            Quantiles that are wanted.

        Returns
        -------
        (ndarray of float64 of shape (rows,), ndarray of float64 of shape (rows, levels))
            Standard deviation and quantiles of the members' probability of the predicted class, or
            of their values.
        """
        raise ModelError(f"a model of kind {self.metadata['kind']} has no members to compare")

    def quantiles(self, features: Matrix, start: Margins | None = None) -> Scores:
        """Predicted quantiles of the label, shape (rows, quantiles)."""
        raise ModelError(f"a model of kind {self.metadata['kind']} predicts no quantiles")

    def leaves(self, features: Matrix) -> Scores:
        """The leaf of each tree that a row falls into, shape (rows, trees)."""
        raise ModelError(f"a model of kind {self.metadata['kind']} has no one leaf for a tree")

    def contributions(self, features: Matrix, start: Margins | None = None) -> Scores:
        """What each feature contributes to a row's margin, shape (rows, contributions)."""
        raise ModelError(f"a model of kind {self.metadata['kind']} has no contributions")

    def layer(self, features: Matrix) -> Scores:
        """What the chosen layer gives for a row, shape (rows, units)."""
        raise ModelError(f"a model of kind {self.metadata['kind']} has no layers")

    def predict_proba(self, records: Records) -> Scores:
        """Class probabilities.

        Parameters
        ----------
        records : dict, list of dict, pandas.DataFrame or Arrow table
            One or more rows with the model's feature columns.

        Returns
        -------
        numpy.ndarray of float64, shape (rows, classes)
            In the order of `classes`.

        Raises
        ------
        DataError
            When feature columns are missing.
        """
        table = self._table(records)
        return self.scores(self.schema.encode(table), self.margins(table))[1]

    def predict(self, records: Records) -> list[Any]:
        """The most probable class of each row, as the label's own value; or the number."""
        if self.label.is_number:
            table = self._table(records)
            return list(self.values(self.schema.encode(table), self.margins(table)).tolist())
        chosen = np.argmax(self.predict_proba(records), axis=1)
        return list(self.label.decode(chosen).to_pylist())

    def _table(self, records: Records) -> Table:
        if isinstance(records, pa.Table | pa.RecordBatch):
            return records
        if isinstance(records, Mapping):
            records = [records]
        if hasattr(records, "to_dict"):
            return pa.Table.from_pandas(records, preserve_index=False)
        for number, record in enumerate(records):
            missing = [name for name in self.columns if name not in record]
            if missing:
                raise DataError(f"record {number}: missing {', '.join(missing)}")
        columns = {name: [row[name] for row in records] for name in self.columns}
        return pa.table(columns)


def make_predictor(
    metadata: Mapping[str, Any],
    natives: Mapping[str, bytes],
    threads: int = 1,
    allowed: Sequence[str] = (),
) -> Predictor:
    """The predictor for a model that has been read.

    Raises
    ------
    ModelError
        When the model is of a kind that this version does not know.
    """
    kind = str(metadata["kind"])
    if kind not in _PREDICTORS:
        known = ", ".join(_PREDICTORS)
        raise ModelError(f"the model is of kind {kind}; this version knows {known}")
    module, _, name = _PREDICTORS[kind].partition(":")
    predictor: Predictor = getattr(importlib.import_module(module), name)(
        metadata, natives, threads, allowed
    )
    return predictor


def load_predictor(uri: str, threads: int = 1, allowed: Sequence[str] = ()) -> Predictor:
    """Load a saved model for use without Spark.

    Parameters
    ----------
    uri : str
        The model's directory.
    threads : int
        Threads to compute with.
    allowed : sequence of str
        Import paths of bagged learners that may be loaded besides those that are known.

    Raises
    ------
    ModelError
        When there is no model, or not one that this version can read.

    Examples
    --------
    >>> model = load_predictor("out/flights/models/boosting")  # doctest: +SKIP
    >>> model.predict({"carrier": "UA", "distance": 1400, ...})  # doctest: +SKIP
    """
    return make_predictor(*model_directory.open_stored(uri), threads, allowed)
