"""XGBoost without Spark, in processes of its own: alone, and two that talk to each other."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from sklearn.metrics import roc_auc_score
from xgboost import collective

from benchmarks.bagging.table import Matrices
from benchmarks.boosting import rows
from benchmarks.boosting.remote import Servant
from benchmarks.boosting.results import Timing


class Native(Servant):
    """Trains on all rows.

    Parameters
    ----------
    directory : Path
        Of the rows.
    """

    def __init__(self, directory: Path) -> None:
        self._train, self._test, self._facts = rows.read(directory)
        self._booster: Any = None

    def train(self, threads: int, rounds: int, times: int = 1) -> Timing:
        """Bin the rows, each of them so many times, and train."""
        train = rows.repeated(self._train, times, self._facts.changed)
        began = time.monotonic()
        matrix = binned(train, self._facts, threads)
        binning = time.monotonic() - began
        self._booster, loop, cpu = _loop(matrix, self._facts, threads, rounds)
        return Timing(binning + loop, loop=loop, binning=binning, loop_cpu=cpu)

    def auc(self) -> float:
        """Area under the curve of the last booster on the test rows."""
        shares = self._booster.inplace_predict(self._test.features)
        return float(roc_auc_score(self._test.labels, shares))


class Rank(Servant):
    """Trains on every other row, with another such process or beside it.

    Parameters
    ----------
    directory : Path
        Of the rows.
    rank, size : int
        Which of how many.
    """

    def __init__(self, directory: Path, rank: int, size: int) -> None:
        train, test, self._facts = rows.read(directory)
        self._train = Matrices(
            np.ascontiguousarray(train.features[rank::size]), train.labels[rank::size]
        )
        self._test = test
        self._rank = rank
        self._booster: Any = None

    def train(self, rounds: int, invitation: dict[str, Any] | None) -> Timing:
        """Bin and train, together with those who have the same invitation; None: by oneself."""
        with contextlib.ExitStack() as stack:
            if invitation is not None:
                name = f"{self._rank:06d}"
                stack.enter_context(collective.CommunicatorContext(**invitation, dmlc_task_id=name))
            began = time.monotonic()
            matrix = binned(self._train, self._facts, 1)
            binning = time.monotonic() - began
            if invitation is not None:
                collective.allreduce(np.zeros(1), collective.Op.SUM)  # everybody is ready
            self._booster, loop, cpu = _loop(matrix, self._facts, 1, rounds)
        return Timing(binning + loop, loop=loop, binning=binning, loop_cpu=cpu)

    def auc(self) -> float:
        """Area under the curve of the last booster on the test rows."""
        shares = self._booster.inplace_predict(self._test.features)
        return float(roc_auc_score(self._test.labels, shares))


def binned(train: Matrices, facts: rows.Facts, threads: int) -> xgb.QuantileDMatrix:
    """The rows in bins."""
    return xgb.QuantileDMatrix(
        train.features,
        train.labels,
        max_bin=int(facts.params["max_bin"]),
        feature_types=facts.types,
        enable_categorical=True,
        nthread=threads,
    )


def _loop(
    matrix: xgb.QuantileDMatrix, facts: rows.Facts, threads: int, rounds: int
) -> tuple[xgb.Booster, float, float]:
    """A booster; wall and CPU seconds of its rounds."""
    params = {**facts.params, "nthread": threads, "device": "cpu"}
    began, cpu = time.monotonic(), time.process_time()
    booster = xgb.train(params, matrix, num_boost_round=rounds)
    return booster, time.monotonic() - began, time.process_time() - cpu
