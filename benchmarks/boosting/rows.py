"""The rows for those who train without Spark: written by a session, read by its neighbours."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bagging.table import Matrices
from pipeline.data.encoding import FeatureSchema

BY_TIME = ("month", "day", "sched_dep")
CHANGE = 0.001
"""By how much, relatively, copies of a row differ from it."""
_MATRICES, _FACTS = "rows.npz", "facts.json"


@dataclass(frozen=True)
class Facts:
    """What the matrices mean, and how they are trained on.

    Parameters
    ----------
    params : dict
        Ours, as XGBoost takes them.
    types : list of str
        XGBoost's type of each column.
    changed : list of int
        Places of the columns in which copies differ.
    """

    params: dict[str, Any]
    types: list[str]
    changed: list[int]


def by_time(rows: Matrices, schema: FeatureSchema) -> Matrices:
    """The rows in the table's own order."""
    keys = [rows.features[:, schema.names.index(name)] for name in BY_TIME]
    order = np.lexsort(keys[::-1])
    return Matrices(rows.features[order], rows.labels[order])


def write(directory: Path, train: Matrices, test: Matrices, facts: Facts) -> None:
    """Write all of it into a directory."""
    np.savez(
        directory / _MATRICES,
        train=train.features,
        train_labels=train.labels,
        test=test.features,
        test_labels=test.labels,
    )
    (directory / _FACTS).write_text(json.dumps(asdict(facts)), encoding="utf-8")


def read(directory: Path) -> tuple[Matrices, Matrices, Facts]:
    """What `write` wrote."""
    with np.load(directory / _MATRICES) as found:
        train = Matrices(found["train"], found["train_labels"])
        test = Matrices(found["test"], found["test_labels"])
    facts = json.loads((directory / _FACTS).read_text(encoding="utf-8"))
    return train, test, Facts(**facts)


def repeated(rows: Matrices, times: int, changed: list[int]) -> Matrices:
    """Each row so many times, copies beside it; these differ a little from it."""
    if times == 1:
        return rows
    features = np.repeat(rows.features, times, axis=0)
    generator = np.random.default_rng(0)
    copies = np.arange(len(features)) % times > 0
    for place in changed:
        noise = generator.standard_normal(len(features), dtype=np.float32)
        features[:, place] *= np.where(copies, 1 + CHANGE * noise, 1)
    return Matrices(features, np.repeat(rows.labels, times))
