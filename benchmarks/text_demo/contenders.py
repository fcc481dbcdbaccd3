"""What takes part: each has a name, what is fixed, and the same number of settings to choose from.

All are Spark ML pipelines, so that they are trained, saved, loaded and scored in one way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.text_demo.tables import Tables

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel

SETTINGS = 2
"""Settings that each contender may choose from."""


@dataclass(frozen=True)
class Contender:
    """One row of the report.

    Parameters
    ----------
    name : str
        In files and claims.
    how : str
        What it does, in a few words.
    fixed : mapping
        Params that are not chosen.
    settings : tuple of mapping
        Params to choose from, by validation rows.
    fit : callable
        (tables, params, seed) -> model. Test rows are not for it.
    trained : callable
        How many numbers a model's training has found.
    """

    name: str
    how: str
    fixed: Mapping[str, Any]
    settings: tuple[Mapping[str, Any], ...]
    fit: Callable[[Tables, Mapping[str, Any], int], PipelineModel]
    trained: Callable[[PipelineModel], int]

    def __post_init__(self) -> None:
        if len(self.settings) != SETTINGS:
            raise ValueError(f"{self.name} has {len(self.settings)} settings, not {SETTINGS}")

    def params(self, number: int) -> dict[str, Any]:
        """Everything that a setting's training is told."""
        return {**self.fixed, **self.settings[number]}


def last_stage(model: PipelineModel) -> Any:
    """What was trained, behind what makes its features."""
    return model.stages[-1]


def contenders() -> tuple[Contender, ...]:
    """All of them, in the order of the report's rows."""
    from benchmarks.text_demo.baselines import BASELINES
    from benchmarks.text_demo.strategies import STRATEGIES

    return (*STRATEGIES, *BASELINES)
