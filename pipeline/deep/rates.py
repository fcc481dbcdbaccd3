"""The step size, from the first step to the last."""

from __future__ import annotations

import math
from typing import Any

from pipeline.deep.recipe import Recipe


class Rates:
    """The step size of each step.

    Parameters
    ----------
    recipe : Recipe
        The step size, its warm-up and its schedule.
    steps : int
        Steps of an epoch.
    workers : int
        Size of the gang.

    Notes
    -----
    With `batch_size_per_worker` a step has more rows the larger the gang is, and its gradient less
    noise: the step size grows with the gang, linearly for sgd (P. Goyal et al., arXiv 1706.02677,
    section 2.1) or with the square root (A. Krizhevsky, arXiv 1404.5997, section 5), and large
    ones are warmed up to (Goyal, section 2.2). One-cycle: L. Smith, arXiv 1803.09820, section 4.1,
    for the step size alone, along half waves of the cosine.
    """

    def __init__(self, recipe: Recipe, steps: int, workers: int) -> None:
        self.greatest = recipe.learning_rate * _scaling(recipe, workers)
        self._schedule = recipe.learning_rate_schedule
        self._steps = steps
        self._all_steps = steps * recipe.epochs
        self._warmup = round(recipe.warmup_epochs * steps)
        self._plateau = Plateau(self._schedule) if self._schedule["kind"] == "plateau" else None

    def at(self, step: int) -> float:
        """The step size of a step, counted from 0 over all epochs."""
        if step < self._warmup:
            return self.greatest * (step + 1) / (self._warmup + 1)
        return self.greatest * self._share(step)

    def epoch_ended(self, value: float) -> None:
        """Take an epoch's monitored value into account: the smaller, the better."""
        if self._plateau is not None:
            self._plateau.add(value)

    @property
    def state(self) -> dict[str, Any]:
        """What `restore` needs, for JSON."""
        return {} if self._plateau is None else dict(vars(self._plateau))

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        if self._plateau is not None:
            vars(self._plateau).update(state)

    def _share(self, step: int) -> float:
        keys = self._schedule
        if self._plateau is not None:
            return self._plateau.share
        if keys["kind"] == "step":
            return float(keys["factor"] ** (step // self._steps // int(keys["every"])))
        last = max(self._all_steps - 1, 1)
        if keys["kind"] == "cosine":
            done = (step - self._warmup) / max(last - self._warmup, 1)
            return _between(1.0, float(keys["least"]), done)
        if keys["kind"] == "one-cycle":
            top = keys["up"] * last
            if step < top:
                return _between(1.0 / keys["start"], 1.0, step / top)
            return _between(1.0, 1.0 / keys["end"], (step - top) / max(last - top, 1e-9))
        return 1.0


class Growing:
    """Step sizes that grow by the same factor from step to step.

    Parameters
    ----------
    low, high : float
        The first and the last.
    steps : int
        How many.
    """

    def __init__(self, low: float, high: float, steps: int) -> None:
        self._low = low
        self._factor = (high / low) ** (1 / max(steps - 1, 1))

    def at(self, step: int) -> float:
        """The step size of a step, counted from 0."""
        return float(self._low * self._factor**step)


class Plateau:
    """A share that falls when a metric no longer gets better.

    Parameters
    ----------
    schedule : mapping
        `factor`, `patience`, `least`.
    """

    def __init__(self, schedule: Any) -> None:
        self.share = 1.0
        self.best: float | None = None
        self.waited = 0
        self.factor = float(schedule["factor"])
        self.patience = int(schedule["patience"])
        self.least = float(schedule["least"])

    def add(self, value: float) -> None:
        """Take an epoch's value into account."""
        if math.isfinite(value) and (self.best is None or value < self.best):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.share = max(self.share * self.factor, self.least)
            self.waited = 0


def _scaling(recipe: Recipe, workers: int) -> float:
    if recipe.batch_size_per_worker is None:
        return 1.0
    kind = recipe.learning_rate_scaling
    if kind == "auto":
        kind = "linear" if recipe.optimiser == "sgd" else "sqrt"
    return {"linear": float(workers), "sqrt": math.sqrt(workers), "none": 1.0}[kind]


def _between(first: float, last: float, done: float) -> float:
    """Along half a wave of the cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2
