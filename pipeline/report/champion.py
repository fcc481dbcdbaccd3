"""The present champion beside the trained models, on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.report.model_card import ModelResult


@dataclass(frozen=True)
class ReportedChampion:
    """What a report says of the champion.

    Parameters
    ----------
    facts : mapping
        Which champion it is: `number`, `trainer`, `digest`, `uri`.
    result : ModelResult, optional
        Its evaluation on the test rows alone: how it does on rows that train the others says
        nothing about it. None when it cannot be evaluated on this table.
    skipped : str, optional
        Why it cannot be evaluated.
    notes : tuple of str
        Reasons to doubt the comparison, as sentences.
    """

    facts: Mapping[str, Any]
    result: ModelResult | None
    skipped: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> list[ModelResult]:
        """Its row, if it has one."""
        return [] if self.result is None else [self.result]

    def to_json(self) -> dict[str, Any]:
        """For `report.json`; `row` is its name among the models."""
        row = None if self.result is None else self.result.name
        return {**self.facts, "row": row, "skipped": self.skipped}
