"""Frames as Arrow batches, whatever their columns are called.

`mapInArrow` looks columns up by name, and stumbles over dots and backticks in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def place_name(place: int) -> str:
    """The name of a column of `by_place`."""
    return f"c{place}"


def by_place(frame: DataFrame) -> DataFrame:
    """The frame with its columns named by their place; `batch.rename_columns` undoes it."""
    return frame.toDF(*map(place_name, range(len(frame.columns))))
