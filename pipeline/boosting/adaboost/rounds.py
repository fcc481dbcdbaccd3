"""The executor half of AdaBoost: one rank's part in training a committee, round after round.

Each round adds one learner, a tree for each class (one tree for two classes), to one booster. Every
rank keeps the weights of its own rows. A training that goes on from a checkpoint lets the learners
that are there vote once more, in their order, and so comes to the same weights, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline.boosting.adaboost import samme
from pipeline.boosting.parts import TRAIN, Parts
from pipeline.boosting.rounds import Training, train_rounds
from pipeline.boosting.task import BoostingTask
from pipeline.errors import UserError
from pipeline.spark.worker import Worker
from pipeline.store.checkpoints import Checkpoint


@dataclass(frozen=True)
class AdaBoostTask(BoostingTask):
    """What every rank is asked to do.

    Parameters
    ----------
    classes : int
        Classes of the label.
    learning_rate : float
        By which every learner's vote is multiplied.
    """

    classes: int = 2
    learning_rate: float = 1.0


class Ballot:
    """A rank's rows of one part, and how the committee has voted on them.

    Parameters
    ----------
    matrix : DMatrix
        The rows.
    classes : int
        Classes of the label.
    """

    def __init__(self, matrix: xgb.DMatrix, classes: int) -> None:
        self._matrix = matrix
        self._classes = classes
        self.labels = matrix.get_label().astype(np.int64)
        given = matrix.get_weight().astype(np.float64)
        self.weights = given if len(given) else np.ones(len(self.labels))
        self._votes = np.zeros((len(self.labels), classes))

    def ask(self, booster: xgb.Booster, number: int) -> samme.Places:
        """The classes that one learner votes for, shape (rows,)."""
        margins = booster.predict(
            self._matrix, iteration_range=(number, number + 1), output_margin=True
        )
        return samme.voted(margins, self._classes)

    def count(self, chosen: samme.Places, alpha: float) -> None:
        """Add a learner's votes."""
        samme.count(self._votes, chosen, alpha)

    @property
    def lost(self) -> float:
        """Weight of this rank's rows that the committee gets wrong, by their own weights."""
        return float(self.weights[self._votes.argmax(axis=1) != self.labels].sum())


class CommitteeTraining(Training):
    """A committee on its way.

    Parameters
    ----------
    task, worker, parts : AdaBoostTask, Worker, Parts
        What is trained, where, and on what.
    """

    def __init__(self, task: AdaBoostTask, worker: Worker, parts: Parts) -> None:
        super().__init__(task, worker, parts)
        self._classes = task.classes
        self._learning_rate = task.learning_rate
        self._ballots = {name: Ballot(matrix, task.classes) for matrix, name in parts.watched}
        self._train = self._ballots[TRAIN]
        self._totals = _summed([ballot.weights.sum() for ballot in self._ballots.values()])
        if not self._totals[0] > 0:
            raise UserError("no training row has a positive weight: see weightCol and class_weight")
        self._weights = self._train.weights.copy()
        self._normalise()

    def begin(self, found: Checkpoint | None) -> None:
        """Start at round 0, or where a checkpoint stands."""
        super().begin(found)
        for number, row in enumerate(self._history):
            self._admit(number, row["alpha"], self._train.ask(self._booster, number))

    def finish(self) -> dict[str, Any]:
        """Write the booster, up to its best round."""
        found = super().finish()
        kept = self._history[: found["best_iteration"] + 1]
        return {**found, "alphas": [row["alpha"] for row in kept]}

    def _round(self, number: int) -> bool:
        self._grow(number)
        chosen = self._train.ask(self._booster, number)
        is_wrong = chosen != self._train.labels
        wrong, total = _summed([self._weights[is_wrong].sum(), self._weights.sum()])
        error = float(wrong / total)
        if error >= samme.chance(self._classes):
            self._leave_out(number, error)
            return False
        alpha = samme.vote_of(error, self._classes, self._learning_rate)
        self._admit(number, alpha, chosen)
        metrics = {**self._errors(), "learner.error": error, "alpha": alpha}
        self._history.append({"round": number, **metrics})
        if not self._worker.rank:
            self._worker.report("round", round=number, metrics=metrics)
        return True

    def _grow(self, number: int) -> None:
        """Add the trees of a round, grown on the rows as they weigh now."""
        self._draw_anew_when_due(number)
        first, second = samme.gradients(self._train.labels, self._weights, self._classes)
        self._booster.boost(self._parts.train, number, grad=first, hess=second)

    def _admit(self, number: int, alpha: float, chosen: samme.Places) -> None:
        """Count a learner's votes, and let the rows weigh more that it got wrong.

        That the others weigh less comes to the same, and never to infinite weights.
        """
        for ballot in self._ballots.values():
            is_known = ballot is self._train
            ballot.count(chosen if is_known else ballot.ask(self._booster, number), alpha)
        self._weights[chosen == self._train.labels] *= np.exp(-alpha)
        self._normalise()
        self._worker.advance()

    def _normalise(self) -> None:
        """Let a row weigh 1 on average: `min_child_weight` and penalties keep their meaning."""
        rows = self._task.shards.rows[TRAIN]
        self._weights *= rows / _summed([self._weights.sum()])[0]

    def _errors(self) -> dict[str, float]:
        """The committee's error on each part."""
        lost = _summed([ballot.lost for ballot in self._ballots.values()])
        triples = zip(self._ballots, lost, self._totals, strict=True)
        return {
            f"{name}.error": float(wrong / total) if total else float("nan")
            for name, wrong, total in triples
        }

    def _leave_out(self, number: int, error: float) -> None:
        """End with the learners before this one, which is no better than chance."""
        by_chance = samme.chance(self._classes)
        if not number:
            raise UserError(
                f"the first tree gets {error:.4g} of the rows' weight wrong, which is no better "
                f"than chance ({by_chance:.4g}), so there is nothing to boost: grow deeper trees "
                "(max_depth), set colsample_* to 1, or check that the features say anything about "
                "the label"
            )
        self._booster = self._booster[:number]
        if not self._worker.rank:
            self._worker.report(
                "note",
                text=f"ends after {number} rounds: the next tree is no better than chance on the "
                "rows that are left to learn",
            )

    def _is_enough(self) -> bool:
        has_stopped = super()._is_enough()
        return has_stopped or self._history[-1]["learner.error"] <= 0


def _summed(values: list[Any]) -> samme.Doubles:
    """Sums over all ranks."""
    own = np.asarray(values, dtype=np.float64)
    if not collective.is_distributed():
        return own
    found: samme.Doubles = collective.allreduce(own, collective.Op.SUM)
    return found


def train_committee(task: AdaBoostTask, worker: Worker) -> dict[str, Any]:
    """Train; rank 0 writes the booster and returns the history and the learners' votes."""
    return train_rounds(task, worker, CommitteeTraining)
