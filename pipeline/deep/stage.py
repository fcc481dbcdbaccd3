"""What of a network is trained at a time: the whole, or a part of it; without MXNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stage:
    """One of the steps of a network's training, each of some epochs.

    Parameters
    ----------
    block : Block
        What is trained. It is called with what the network is called with or, on a base, with what
        that gives.
    base : Block, optional
        What lies below and stays as it is meanwhile: called with what the network is called with,
        it gives an array of shape (rows, units). It runs over a rank's rows once, when the stage
        begins, and without dropout; what it gives is kept on the rank's disk, so that an epoch
        costs no more than the block, and beside the training's checkpoints, for another attempt.
    changes : mapping
        Values of the recipe that are others in this stage: `learning_rate`, `warmup_epochs`,
        `learning_rate_schedule`, and what else `Stepper` and `Rates` go by, but for `epochs`.
    """

    block: Any
    base: Any = None
    changes: Mapping[str, Any] = field(default_factory=dict)
