"""A small schema, and files for it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, model_validator

from pipeline.config import Section, load
from pipeline.errors import ConfigError


class Boosting(Section):
    """How trees follow each other.

    Attributes
    ----------
    depth : int
        Greatest depth.
    rate, decay : float
        The `rate`; how it falls.
    columns : tuple of str
        Columns that are seen.
    """

    depth: int = 6
    rate: float = Field(default=0.3, gt=0, le=1)
    decay: float = 0.0
    columns: tuple[str, ...] = ()


class Split(Section):
    """Shares of the rows."""

    train: float = 0.7
    test: float = 0.3

    @model_validator(mode="after")
    def _sums_to_one(self) -> Split:
        if self.train + self.test != 1:
            raise ValueError("train and test must sum to 1")
        return self


class Job(Section):
    """A job."""

    name: str = Field(min_length=1)
    seed: int = Field(default=1, ge=0, lt=2**31)
    device: Literal["cpu", "gpu"] = "cpu"
    fast: bool = False
    boosting: Boosting = Boosting()
    second: Boosting | None = None
    split: Split = Split()
    spark: dict[str, str | bool | int | float] = Field(default_factory=dict)


FREE = ("spark",)


def written(directory: Path, text: str) -> Path:
    """A file with this text."""
    path = directory / "job.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    """What `load` finds, without the directory."""
    with pytest.raises(ConfigError) as caught:
        load(Job, path, overrides, FREE)
    return [problem.replace(f"{path.parent}/", "") for problem in caught.value.problems]
