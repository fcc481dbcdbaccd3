"""Which batch sizes and step sizes go together: loss and throughput of each pair, several times.

All trainings begin with the same weights; their orders of rows differ, so that what two pairs
differ by can be told from what shuffling alone does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from pipeline.deep.task import DeepTask
from pipeline.errors import UserError


@dataclass(frozen=True)
class Pair:
    """A batch size and a step size, and what they came to.

    Parameters
    ----------
    batch_size : int
        Rows of a batch, all workers together.
    learning_rate : float
        The step size.
    losses : tuple of float
        After the last epoch, of each order of rows: on validation rows, where there are some. NaN
        for a training that diverged.
    rows_per_s : float
        Training rows a second, of the fastest epoch; NaN where all trainings diverged.
    """

    batch_size: int
    learning_rate: float
    losses: tuple[float, ...]
    rows_per_s: float

    @property
    def mean(self) -> float:
        """Of the losses; NaN when one is."""
        return float(np.mean(self.losses))

    @property
    def spread(self) -> float:
        """Standard deviation of the losses: what shuffling does."""
        return float(np.std(self.losses, ddof=1)) if len(self.losses) > 1 else math.nan


def require_sweep(batch_sizes: Sequence[int], rates: Sequence[float], orders: int) -> None:
    """Raise a `UserError` for what is no sweep."""
    if not batch_sizes or min(batch_sizes) < 1:
        raise UserError("batch sizes: one or more positive numbers are needed")
    if not rates or not min(rates) > 0:
        raise UserError("learning rates: one or more positive numbers are needed")
    if orders < 1:
        raise UserError(f"orders must be 1 or more, not {orders}")


def variants(
    task: DeepTask, batch_sizes: Sequence[int], rates: Sequence[float], orders: int, epochs: int
) -> list[DeepTask]:
    """A task for each pair and each order of rows."""
    return [
        replace(
            task,
            recipe=replace(
                task.recipe,
                batch_size=size,
                batch_size_per_worker=None,
                learning_rate=rate,
                epochs=epochs,
            ),
            patience=0,
            callbacks=(),
            order_seed=order,
        )
        for size, rate, order in product(batch_sizes, rates, range(orders))
    ]


def pairs(
    histories: Sequence[Sequence[Mapping[str, Any]]],
    batch_sizes: Sequence[int],
    rates: Sequence[float],
    orders: int,
    rows: int,
    measure: str,
) -> list[Pair]:
    """What the variants' histories say, pair by pair."""
    found = []
    for at, (size, rate) in enumerate(product(batch_sizes, rates)):
        own = histories[at * orders : (at + 1) * orders]
        losses = tuple(_last(history, measure) for history in own)
        seconds = [float(row["seconds"]) for history in own for row in history]
        fastest = rows / max(min(seconds), 1e-9) if seconds else math.nan
        found.append(Pair(size, rate, losses, fastest))
    return found


def best(found: Sequence[Pair]) -> Pair | None:
    """The pair with the least mean loss; None when all have diverged."""
    finite = [pair for pair in found if math.isfinite(pair.mean)]
    return min(finite, key=lambda pair: pair.mean, default=None)


def _last(history: Sequence[Mapping[str, Any]], measure: str) -> float:
    if not history:
        return math.nan
    last = history[-1]
    return float(last.get(f"validation.{measure}", last[f"train.{measure}"]))
