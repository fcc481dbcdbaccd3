"""Scoring with a saved ensemble, without Spark: as one booster where the mean is a sum of trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.bagging.combining import combined, of_predicted, probabilities
from pipeline.bagging.learners.learner import NETWORK, XGBOOST, LearnerSpec, Member
from pipeline.bagging.learners.registry import file_name, open_member
from pipeline.bagging.merging import passes
from pipeline.bagging.votes import Ballot, Doubles
from pipeline.data.encoding import Matrix
from pipeline.errors import ModelError
from pipeline.estimators.predictor import Margins, Predictor, Scores
from pipeline.spark.shard_file import Floats


def facts_of(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a bagged model's manifest says of its replicas.

    Raises
    ------
    ModelError
        When it says nothing: the model is of an earlier build.
    """
    facts = metadata.get("bagging")
    if not isinstance(facts, Mapping):
        raise ModelError(
            "the bagged model was saved by an earlier build of emr-ensembles, which this one "
            "cannot read; train it again"
        )
    return facts


def needs_spark(facts: Mapping[str, Any]) -> bool:
    """Whether replicas are Spark ML models."""
    by_gang = facts["placement"]["kind"] == "gang"
    return by_gang and facts["learner"] not in (XGBOOST, NETWORK)


def files_needed(
    metadata: Mapping[str, Any], names: Iterable[str], *, needs_members: bool = False
) -> list[str]:
    """The files that scoring opens: the merged booster alone, or all replicas.

    Parameters
    ----------
    metadata : mapping
        The model's manifest.
    names : iterable of str
        Its native files.
    needs_members : bool
        Whether replicas are needed one by one: their spread is asked for.
    """
    merged = facts_of(metadata)["merged"]
    if merged and not needs_members:
        return [merged]
    replicas = sorted(name for name in names if name.startswith("replica-"))
    return [*([merged] if merged else []), *replicas]


class BaggingPredictor(Predictor):
    """An ensemble in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        facts = facts_of(self.metadata)
        if needs_spark(facts):
            raise ModelError(
                f"the model's replicas are Spark ML models ({facts['learner']}), which need Spark: "
                "load it by BaggingClassificationModel.load(…) or BaggingRegressionModel.load(…), "
                "and score with transform"
            )
        classes = len(self.label.classes)
        self._ballot = Ballot(classes, facts["combine"], self.label.bounds)
        self._spec = LearnerSpec(
            facts["learner"], facts["learner_params"], self.schema, classes, self.allowed
        )
        self._replicas = int(self.metadata["metrics"]["replicas"])
        self._natives = natives
        self._members: list[Member] | None = None
        self._merged = None
        if facts["merged"]:
            from pipeline.bagging.learners.trees import TreeMember

            data = natives[facts["merged"]]
            self._merged = TreeMember.open(data, self._spec, self.threads)
            self._passes = passes(len(data), self._replicas)
        else:
            self._members = self._opened()

    def scores(self, features: Matrix, start: Margins | None = None) -> tuple[Scores, Scores]:
        """Sums of the replicas' class shares, or votes, and probabilities."""
        shares = probabilities(self._combined(features), len(self.classes))
        return shares * self._replicas, shares

    def values(self, features: Matrix, start: Margins | None = None) -> Scores:
        """Means, or medians, of the replicas' values."""
        return self._combined(features)[:, 0]

    def spread(
        self, features: Matrix, predicted: npt.NDArray[Any], levels: tuple[float, ...]
    ) -> tuple[Scores, Scores]:
        """Standard deviation and quantiles over replicas; a native pass for each of them."""
        found = of_predicted(self._each(features), self._ballot.classes, predicted)
        quantiles = (
            np.quantile(found, levels, axis=0).T if levels else np.empty((len(predicted), 0))
        )
        return found.std(axis=0), quantiles

    def _combined(self, features: Matrix) -> Doubles:
        if self._merged is not None:
            return self._merged.summed(features, self._passes)
        return combined(self._each(features), self._ballot)

    def _each(self, features: Matrix) -> Iterator[Floats]:
        if self._members is None:
            self._members = self._opened()
        return (member.scores(features) for member in self._members)

    def _opened(self) -> list[Member]:
        names = [file_name(self._spec.name, replica) for replica in range(self._replicas)]
        missing = [name for name in names if name not in self._natives]
        if missing:
            raise ModelError(f"the model lacks {missing[0]}; train it again, or take another copy")
        return [open_member(self._spec, self._natives[name], self.threads) for name in names]
