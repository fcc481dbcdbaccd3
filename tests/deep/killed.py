"""A rank that ends in the midst of a training."""

from __future__ import annotations

from pipeline.deep.communication import OnlyRank


class KilledError(Exception):
    """As when a process ends in the midst of a step."""


def killed_after(steps: int) -> OnlyRank:
    def count() -> None:
        nonlocal steps
        steps -= 1
        if steps < 0:
            raise KilledError

    return OnlyRank(threads=1, on_advance=count)
