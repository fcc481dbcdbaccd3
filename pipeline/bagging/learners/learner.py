"""What every learner of task placement offers: train on weights, predict, save, open again.

A learner holds the rows, prepared once in a process (binned, imputed, encoded); any number of
replicas is trained on it, each on its own weights. A member is one trained replica, and lives
without rows and without Spark.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.data.encoding import FeatureSchema, Matrix
from pipeline.spark.shard_file import Floats, Integers

XGBOOST, NETWORK = "xgboost", "network"


@dataclass(frozen=True)
class LearnerSpec:
    """What is to be learnt, and by what; small, and sent to every task.

    Parameters
    ----------
    name : str
        `xgboost`, `network`, or the import path of an estimator.
    params : mapping
        The learner's own params.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label; 0 for regression.
    allowed : tuple of str
        Import paths that may be loaded besides those that are known.
    """

    name: str
    params: Mapping[str, Any]
    features: FeatureSchema
    classes: int
    allowed: tuple[str, ...] = field(default=())

    @property
    def outputs(self) -> int:
        """Columns of a member's scores: one for two classes and for regression."""
        return self.classes if self.classes > 2 else 1


class Member(ABC):
    """One trained replica."""

    @abstractmethod
    def scores(self, features: Matrix) -> Floats:
        """Predict encoded rows.

        Returns
        -------
        ndarray of float32, shape (rows, outputs)
            The share (probability) of the second class where there are two, of each class where
            there are more, the value in regression.
        """

    @abstractmethod
    def save(self) -> bytes:
        """The replica's file; the same bytes for the same replica."""


class Learner(ABC):
    """The rows of a fit, in the form that replicas are trained on; one in each process.

    Subclasses are made by `Learner(shard, spec, threads, gpus, on_chunk)`: the mapped training
    rows, what to learn, threads to compute with, addresses of the task's GPUs (empty on a CPU),
    and a function to call now and then while rows are prepared.
    """

    @abstractmethod
    def train(self, weights: Floats, seed: int, columns: Integers | None) -> Member:
        """Train a replica.

        Parameters
        ----------
        weights : ndarray of float32, shape (rows,)
            How much each row counts: draws, times the row's own weight; 0 is out of the sample.
        seed : int
            Of what the learner draws itself.
        columns : ndarray of int64, ascending, or None
            Positions of the features that the replica may use; None: all of them.
        """

    @abstractmethod
    def scores(self, member: Member) -> Floats:
        """A member's scores of all training rows, shape (rows, outputs)."""
