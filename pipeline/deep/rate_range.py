"""The learning-rate range test: which step sizes a network learns by, and which are too large."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.errors import UserError

_MEMORY = 0.95
_SETTLED = 20
_BELOW_LEAST = 10.0


@dataclass(frozen=True)
class RateRange:
    """Step sizes and the losses they were met by.

    Parameters
    ----------
    rates, losses : tuple of float
        Of each step; a loss is that before the step, over all workers' rows of it.

    References
    ----------
    L. Smith, "Cyclical learning rates for training neural networks", WACV 2017 (arXiv 1506.01186),
    section 3.3.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def smooth(self) -> tuple[float, ...]:
        """Losses as a running mean that forgets a twentieth at each step."""
        found, mean = [], 0.0
        for number, loss in enumerate(self.losses, 1):
            mean = _MEMORY * mean + (1 - _MEMORY) * loss
            found.append(mean / (1 - _MEMORY**number))
        return tuple(found)

    @property
    def least(self) -> float:
        """The step size at which the smoothed loss was least."""
        return self.rates[int(np.argmin(self.smooth))]

    @property
    def steepest(self) -> float:
        """The step size at which the smoothed loss fell fastest, by the rate's logarithm."""
        smooth = np.asarray(self.smooth)[: max(int(np.argmin(self.smooth)) + 1, 2)]
        if len(smooth) < 3:
            return self.rates[0]
        slopes = np.gradient(smooth, np.log(np.asarray(self.rates[: len(smooth)])))
        if len(slopes) > _SETTLED:  # before that it is a mean of few losses, and jumps with each
            slopes[:_SETTLED] = math.inf
        return self.rates[int(np.argmin(slopes))]

    @property
    def suggestion(self) -> float:
        """A tenth of that at which the loss was least: the usual choice."""
        return self.least / _BELOW_LEAST


def require_range(low: float, high: float, steps: int) -> None:
    """Raise a `UserError` for what is no range of step sizes."""
    if not (0 < low < high < math.inf):
        raise UserError(f"low and high: 0 < low < high is needed, not {low:g} and {high:g}")
    if steps < 10:
        raise UserError(f"steps must be 10 or more, not {steps}")
