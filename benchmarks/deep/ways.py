"""Ways in which two ranks without Spark can train: what they lose where, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Way:
    """How ranks train.

    Parameters
    ----------
    name : str
        What it is called in the results.
    environment : mapping of str to str
        What Horovod is told; it listens once in the life of a process.
    groups : int
        Groups of gradients that travel together; 0: Horovod decides.
    is_one_array : bool
        Whether all gradients lie in one array, and one update moves all weights.
    accumulate : int
        Batches whose gradients are summed up on a rank before they travel.
    talks : bool
        Whether gradients travel; else Horovod's thread is there and has nothing to do.
    is_fed : bool
        Whether batches are cut from the rows; else one batch is trained on again and again.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    groups: int = 0
    is_one_array: bool = False
    accumulate: int = 1
    talks: bool = True
    is_fed: bool = True


USUAL = Way("as it is")
LOSSES = (
    Way("bare, joined but silent", talks=False),
    Way("bare, not fed", is_fed=False),
)
"""What bare Horovod is without one of its costs."""

REMEDIES = (
    Way("bare, no fusion", {"HOROVOD_FUSION_THRESHOLD": "0"}),
    Way("bare, one group", groups=1),
    Way("bare, cycle of 0.1 ms", {"HOROVOD_CYCLE_TIME": "0.1"}),
    Way("bare, cycle of 5 ms", {"HOROVOD_CYCLE_TIME": "5"}),
    Way("bare, one array", is_one_array=True),
    Way("bare, 4 batches a step", accumulate=4),
)
"""What may make bare Horovod faster."""
