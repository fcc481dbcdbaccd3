"""Early stopping: which epoch was best, and when to give up."""

from __future__ import annotations

import math


class BestEpoch:
    """Keeps the best epoch of a metric that is to be small.

    Parameters
    ----------
    patience : int
        Epochs without improvement after which training ends; 0: never.
    """

    def __init__(self, patience: int) -> None:
        self.epoch = -1
        self.value = math.inf
        self._patience = patience

    def improves(self, epoch: int, value: float) -> bool:
        """Take an epoch's value; whether it is the best so far. A NaN is worse than any number."""
        is_first_number = math.isnan(self.value) and not math.isnan(value)
        if value < self.value or is_first_number or self.epoch < 0:
            self.epoch, self.value = epoch, value
            return True
        return False

    def is_exhausted(self, epoch: int) -> bool:
        """Whether patience is at its end after `epoch`."""
        return self._patience > 0 and self.epoch >= 0 and epoch - self.epoch >= self._patience
