"""Errors of single and bagged trees on the simulated data of Breiman's papers.

"Bagging Predictors" (Machine Learning 24, 1996), its waveform and Friedman data, as two sets of
notes on the paper describe the method (github KarelZe/thesis, references/obsidian, the note
@breimanBaggingPredictors1996, which names page 128; and notes "231015 bagging_predictors", file
28384684398 of the index of public files that they were read in): 100 repetitions, 300 training and
1500 test rows, 50 replicas (regression: 200, 1000, 25), all rows drawn anew each time. The single
tree is pruned by 10-fold cross-validation; a replica's tree by the whole training set as test set.
Classes are voted on, a tie goes to the lowest label; values are averaged.

Twonorm, threenorm and ringnorm: 300 training rows (Delve's descriptions of twonorm and ringnorm).
Not found, and so as above: 50 replicas, 100 repetitions. Not found, and assumed: 3000 test rows.

Both unpruned kinds are reported too, and XGBoost's trees, which are not pruned.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.breiman import report
from benchmarks.breiman.boosted import Boosted
from benchmarks.breiman.cart import cross_validated, grown
from benchmarks.breiman.data import DATA_SETS, DataSet
from pipeline.bagging.resampling import in_bag_counts

REPEATS = 100
"""As in "Bagging Predictors"."""
Values = npt.NDArray[Any]


def run(repeats: int | None = None) -> int:
    """Measure, print a table, write the results and a picture."""
    began = time.monotonic()
    runs = REPEATS if repeats is None else repeats
    rows: list[dict[str, Any]] = []
    for data in DATA_SETS:
        errors = [_errors(data, repetition) for repetition in range(runs)]
        found = {name: np.array([each[name] for each in errors]) for name in report.LEARNERS}
        rows += report.rows_of(data, found)
        sys.stderr.write(f"{data.name}: done after {time.monotonic() - began:.0f} s\n")
    report.write(rows)
    report.draw(rows)
    sys.stdout.write(report.table(rows, runs, time.monotonic() - began))
    return 0


def _errors(data: DataSet, repetition: int) -> dict[str, float]:
    """Every learner's test error in one repetition."""
    train = data.sample(repetition, 0, data.train)
    features, labels = data.sample(repetition, 1, data.test)
    predictions = {**_cart(data, repetition, train, features)}
    predictions |= _xgboost(data, repetition, train, features)
    error = error_of(data.classes, labels.astype(np.float64))
    return {name: error(found) for name, found in predictions.items()}


def _cart(
    data: DataSet, repetition: int, train: tuple[Values, Values], features: Values
) -> dict[str, Values]:
    tree, owners = cross_validated(*train, data.classes, repetition)
    whole, pruned = [], []
    for replica, counts in _samples(data, repetition):
        member = grown(*train, counts.astype(np.float64), data.classes, replica)
        whole.append(member.predict(features))
        pruned.append(member.predict(features, member.pruned_by(*train)))
    return {
        "single, CART pruned": tree.predict(features, owners),
        "single, CART": tree.predict(features),
        "bagged, CART pruned": combined(np.array(pruned), data.classes),
        "bagged, CART": combined(np.array(whole), data.classes),
    }


def _xgboost(
    data: DataSet, repetition: int, train: tuple[Values, Values], features: Values
) -> dict[str, Values]:
    with tempfile.TemporaryDirectory() as folder:
        trees = Boosted(Path(folder), *train, data.classes)
        single = trees.predictions(np.ones(data.train), features, repetition)
        members = [
            trees.predictions(counts, features, replica)
            for replica, counts in _samples(data, repetition)
        ]
    bagged = combined(np.array(members), data.classes)
    return {"single, XGBoost": single, "bagged, XGBoost": bagged}


def _samples(data: DataSet, repetition: int) -> Iterator[tuple[int, Values]]:
    """The package's own resampling; both learners get the same samples."""
    for replica in range(data.replicas):
        yield replica, in_bag_counts(repetition, replica, data.train)


def combined(members: Values, classes: int) -> Values:
    """The vote of members, the lowest label in a tie; in regression the mean."""
    if not classes:
        return np.asarray(members.mean(axis=0))
    votes = np.stack([(members == label).sum(axis=0) for label in range(classes)])
    return np.asarray(votes.argmax(axis=0))


def error_of(classes: int, labels: Values) -> Callable[[Values], float]:
    """Percent wrong, or the mean squared error."""
    if classes:
        return lambda found: float(100 * np.mean(found != labels))
    return lambda found: float(np.mean((found - labels) ** 2))
