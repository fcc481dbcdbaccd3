"""Rows that are held out for validation, where the table marks none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.data.names import column, require_free
from pipeline.data.splits import uniform
from pipeline.estimators.estimator import HELD_OUT
from pipeline.estimators.profile import Columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SALT = 0x5B17  # another draw than that of the jobs' splits


def held_out(
    rows: DataFrame, columns: Columns, share: float, name: str, seed: int
) -> tuple[DataFrame, Columns]:
    """Mark a share of the rows, by what names them.

    Parameters
    ----------
    rows : DataFrame
        Rows with their identity.
    columns : Columns
        What they are read for.
    share : float
        How many are to be marked.
    name : str
        The column of 64-bit identities, of rows or of their groups, which then stay together.
    seed : int
        Another seed marks others.
    """
    require_free(rows, HELD_OUT)
    marked = rows.withColumn(HELD_OUT, uniform(column(name), seed ^ _SALT) < share)
    return marked, replace(columns, validation=HELD_OUT)
