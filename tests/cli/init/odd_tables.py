"""Classification tables that nobody prepared for this project, as three libraries carry them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import statsmodels.api as sm
from sklearn import datasets as sk
from vega_datasets import local_data as vega

LABELS = {
    # 32 rows
    "spector": "GRADE",
    # a row for each of four choices of a traveller, whose number repeats
    "modechoice": "choice",
    # ballots with answers from 1 to 7, nearly all of which could be a label
    "anes96": "vote",
    # its CSV has the frame's index as a column without a name
    "wine": "target",
    # free text, a year as a date, gaps
    "cars": "Origin",
}
"""Each table's label."""

GUESSED = {**LABELS, "modechoice": "psize"}
"""What is guessed without `--label`."""


def write(name: str, kind: str, directory: Path) -> Path:
    """Write a table as a person would: by pandas' own defaults, as far as Spark reads them."""
    path = directory / f"{name}.{kind}"
    table = _table(name)
    if kind == "csv":
        table.to_csv(path, index=name == "wine")
    else:
        table.to_parquet(path, coerce_timestamps="us")  # Spark reads no nanoseconds
    return path


def _table(name: str) -> pd.DataFrame:
    if name == "wine":
        return sk.load_wine(as_frame=True).frame
    if name == "cars":
        return vega.cars()
    return getattr(sm.datasets, name).load_pandas().data
