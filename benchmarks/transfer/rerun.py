"""A frozen base that runs again in each epoch. Imports MXNet: for executors only."""

from __future__ import annotations

from pipeline.deep.stage import Stage
from pipeline.transfer.text_network import TextNetwork


class RerunNetwork(TextNetwork):
    """The network of `strategy=frozen`, trained as a whole: nothing is kept of its base."""

    def stages(self) -> list[Stage]:
        """One, of which the head alone changes."""
        return [Stage(self)]
