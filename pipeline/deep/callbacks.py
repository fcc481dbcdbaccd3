"""Functions of the user's that are called after every epoch, and may end the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.deep.communication import Communication
from pipeline.estimators.functions import load

Callback = Callable[[int, Mapping[str, Any]], bool | None]


class Callbacks:
    """Callbacks by their import paths; rank 0 calls them, all ranks do what they say.

    Parameters
    ----------
    paths : sequence of str
        Functions, or classes whose objects, made once for a training, are called.
    rank : int
        This rank.
    others : Communication
        The other ranks.
    """

    def __init__(self, paths: Sequence[str], rank: int, others: Communication) -> None:
        self._are_there = bool(paths)
        self._own = [] if rank else [_made(load(path)) for path in paths]
        self._others = others

    def go_on(self, epoch: int, measures: Mapping[str, Any]) -> bool:
        """Call them after an epoch; whether none of them has returned False."""
        if not self._are_there:
            return True
        # All are called, whatever the first ones say.
        answers = [call(epoch, dict(measures)) for call in self._own]
        (stops,) = self._others.sum([float(sum(answer is False for answer in answers))])
        return not stops


def _made(found: Any) -> Callback:
    made: Callback = found() if isinstance(found, type) else found
    return made
