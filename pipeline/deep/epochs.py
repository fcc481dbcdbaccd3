"""One epoch on one rank: steps along the gradients of its batches, then the validation rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pipeline.deep.communication import Communication, Rank
from pipeline.deep.feed import Batch
from pipeline.deep.live_network import LiveNetwork
from pipeline.deep.metrics import Sums
from pipeline.deep.rank_rows import RankRows
from pipeline.errors import UserError
from pipeline.estimators.seeds import seed_of

if TYPE_CHECKING:
    from pipeline.deep.stepper import Stepper

MOST_SKIPPED = 10
_ADVICE = "lower deep.learning_rate (learning_rate), or set deep.clip_norm (clip_norm)"


class Epochs:
    """What a network goes through.

    Parameters
    ----------
    net : LiveNetwork
        The network.
    rows : RankRows
        This rank's.
    smoothing : float
        Of labels, in training.
    rank : Rank
        This rank.
    others : Communication
        The other ranks.
    """

    def __init__(
        self, net: LiveNetwork, rows: RankRows, smoothing: float, rank: Rank, others: Communication
    ) -> None:
        self._net = net
        self._rows = rows
        self._loss = rows.objective.loss(smoothing)
        self._plain_loss = rows.objective.loss()
        self._rank = rank
        self._others = others

    def train(self, number: int, stepper: Stepper) -> dict[str, float]:
        """All steps of an epoch; its mean loss, and what the stepper measured.

        Raises
        ------
        UserError
            When too many steps in a row had to be skipped.
        """
        import mxnet as mx

        # Units that are left out differ from rank to rank.
        mx.random.seed(seed_of(self._rows.seed, number, self._rank.rank))
        stepper.begin_epoch()
        losses: list[Any] = []
        weight = 0.0
        for batches in self._rows.epoch(number):
            statistics = self._net.statistics
            found = self.gradients(batches)
            stepper.step(sum(batch.all_rows for batch in batches))
            if stepper.skipped_in_a_row:
                self._net.statistics = statistics
                self._require_few(stepper.skipped_in_a_row, number)
            else:
                losses += found
                weight += weight_of(batches)
            self._rank.advance()
        self._net.share(self._others, self._rows.share)
        loss, weight = self._others.sum([total(losses), weight])
        objective = self._rows.objective
        mean = objective.told(loss / weight) if weight > 0 else math.nan
        return {f"train.{objective.measure}": mean, **stepper.measures()}

    def gradients(self, batches: list[Batch]) -> list[Any]:
        """Find the gradients of a step's batches; their summed losses, still on the device."""
        from mxnet import autograd

        losses = []
        for batch in batches:
            with autograd.record():
                found = self._weighted(self._loss, self._net(batch), batch)
            found.backward()
            losses.append(found.sum())
        return losses

    def validate(self) -> dict[str, float]:
        """Metrics of the validation rows, where there are some."""
        if self._rows.validation is None:
            return {}
        sums = Sums(self._rows.objective)
        for batch in self._rows.validation.epoch():
            scores = self._net(batch)
            losses = self._weighted(self._plain_loss, scores, batch).asnumpy()
            sums.add(losses, scores.asnumpy(), batch.labels, batch.weights)
            self._rank.advance()
        found = sums.values(self._others)
        return {f"validation.{name}": value for name, value in found.items()}

    def diverged(self, what: str) -> UserError:
        """An error that names the columns that are out of range; all ranks must ask."""
        far = self._rows.far_columns()
        cause = (
            f"columns out of range: {far}; mend them, or" if far else "no column is out of range:"
        )
        return UserError(f"training diverged: {what}; {cause} {_ADVICE}")

    def _require_few(self, skipped: int, number: int) -> None:
        if skipped >= MOST_SKIPPED:
            raise self.diverged(
                f"gradients of {skipped} steps in a row, in epoch {number}, were not finite"
            )

    def _weighted(self, loss: Any, scores: Any, batch: Batch) -> Any:
        """Each row's loss times its weight."""
        labels = self._net.array(self._rows.objective.targets(batch.labels))
        if (batch.weights == 1).all():
            return loss(scores, labels)
        return loss(scores, labels, self._net.array(batch.weights).reshape((-1, 1)))


def total(losses: list[Any]) -> float:
    """The sum of what `gradients` gave."""
    return sum(float(each.asscalar()) for each in losses)


def weight_of(batches: list[Batch]) -> float:
    """What rows of batches count."""
    return float(sum(batch.weights.sum() for batch in batches))
