"""One epoch on one rank: steps along the gradients of its batches, then the validation rows."""

from __future__ import annotations

import math
from collections import deque
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


class DivergedError(UserError):
    """A training came to nothing that can be used: all ranks see it, and at the same step."""


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
        tally = _Tally()
        for batches in self._rows.epoch(number):
            statistics = self._net.statistics
            losses = self.gradients(batches)
            is_finite = stepper.step(sum(batch.all_rows for batch in batches))
            self._net.keep_statistics(statistics, is_finite)
            tally.add(losses, weight_of(batches))
            # One step late, so that no step waits for the one before it.
            self._settle(stepper, tally, number, leaving=1)
            self._rank.advance()
        self._settle(stepper, tally, number)
        self._net.share(self._others, self._rows.share)
        loss, weight = self._others.sum([tally.loss, tally.weight])
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
        for batch in self._rows.validated():
            scores = self._net(batch)
            losses = self._weighted(self._plain_loss, scores, batch).asnumpy()
            sums.add(losses, scores.asnumpy(), batch.labels, batch.weights)
            self._rank.advance()
        found = sums.values(self._others)
        return {f"validation.{name}": value for name, value in found.items()}

    def diverged(self, what: str) -> DivergedError:
        """An error that names the columns that are out of range; all ranks must ask."""
        far = self._rows.far_columns()
        cause = (
            f"columns out of range: {far}; mend them, or" if far else "no column is out of range:"
        )
        return DivergedError(f"training diverged: {what}; {cause} {_ADVICE}")

    def _settle(self, stepper: Stepper, tally: _Tally, number: int, leaving: int = 0) -> None:
        for is_taken in stepper.settle(leaving):
            tally.settle(is_taken)
            if not is_taken:
                self._require_few(stepper.skipped_in_a_row, number)

    def _require_few(self, skipped: int, number: int) -> None:
        import mxnet as mx

        if skipped >= MOST_SKIPPED:
            mx.nd.waitall()  # no rank leaves while others wait for its part of the last step
            raise self.diverged(
                f"gradients of {skipped} steps in a row, in epoch {number}, were not finite"
            )

    def _weighted(self, loss: Any, scores: Any, batch: Batch) -> Any:
        """Each row's loss times its weight."""
        labels = self._net.array(self._rows.objective.targets(batch.labels))
        if (batch.weights == 1).all():
            return loss(scores, labels)
        return loss(scores, labels, self._net.array(batch.weights).reshape((-1, 1)))


class _Tally:
    """Losses of an epoch's steps, left on the device for as long as many of them are few bytes."""

    _MOST = 256

    def __init__(self) -> None:
        self._loss = 0.0
        self.weight = 0.0
        self._open: deque[tuple[list[Any], float]] = deque()
        self._taken: list[Any] = []

    def add(self, losses: list[Any], weight: float) -> None:
        """Those of a step, and what its rows count."""
        self._open.append((losses, weight))

    def settle(self, is_taken: bool) -> None:
        """Count the oldest step, or drop it."""
        losses, weight = self._open.popleft()
        if is_taken:
            self._taken += losses
            self.weight += weight
        if len(self._taken) >= self._MOST:
            self._read()

    @property
    def loss(self) -> float:
        """The sum of the losses of all steps that were taken."""
        self._read()
        return self._loss

    def _read(self) -> None:
        self._loss += total(self._taken)
        self._taken = []


def total(losses: list[Any]) -> float:
    """The sum of what `gradients` gave."""
    import mxnet as mx

    if not losses:
        return 0.0
    return float(mx.nd.concat(*losses, dim=0).asnumpy().sum(dtype="float64"))


def weight_of(batches: list[Batch]) -> float:
    """What rows of batches count."""
    return float(sum(batch.weights.sum() for batch in batches))
