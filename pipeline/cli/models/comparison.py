"""Whether a model is better than another by a margin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_LOWER_IS_BETTER = ("log_loss",)


@dataclass(frozen=True)
class Comparison:
    """A metric of two models on the same rows.

    Numbers are compared as they are written, in decimal: 0.57 is better than 0.56 by 0.01, which
    binary fractions deny.

    Parameters
    ----------
    metric : str
        `auc`, `accuracy` or `log_loss`.
    challenger, champion : float
        Its values.
    margin : float
        What the gain must reach.
    """

    metric: str
    challenger: float
    champion: float
    margin: float

    @property
    def gain(self) -> Decimal:
        """By how much the challenger is better; negative when it is worse."""
        difference = Decimal(str(self.challenger)) - Decimal(str(self.champion))
        return -difference if lower_is_better(self.metric) else difference

    @property
    def is_won(self) -> bool:
        """Whether the challenger is better, and by no less than the margin."""
        return self.gain > 0 and self.gain >= Decimal(str(self.margin))


def lower_is_better(metric: str) -> bool:
    """Whether a lower value is the better one."""
    return metric in _LOWER_IS_BETTER
