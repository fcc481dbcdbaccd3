"""What a promotion or a return to an earlier champion came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipeline.store.champions import Champion


@dataclass(frozen=True)
class Outcome:
    """The decision, and who is champion now.

    Parameters
    ----------
    name : str
        `promoted`, `rolled back`, `stays` (the champion was kept), or `unchanged`: the model was
        the champion already.
    sentence : str
        What was decided and why.
    champion : Champion
        The champion now.
    figures : dict
        What was compared: `trainer`, `metric`, `value`, `champion_value`, `gain`, `margin`.
    """

    name: Literal["promoted", "rolled back", "stays", "unchanged"]
    sentence: str
    champion: Champion
    figures: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """For programs: `promoted` says whether a model was; `outcome` says the rest."""
        return {
            "promoted": self.name == "promoted",
            "outcome": self.name,
            "reason": self.sentence,
            "champion": self.champion.facts,
            **self.figures,
        }
